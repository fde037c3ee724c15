"""A stranger's code runs here, and whatever it raises stays here (DESIGN 4).

`except* Exception` is not enough: a plugin that raises `SystemExit` or another framework's `CancelledError` would end
the calls of its neighbours. Only a cancel of ours and the operator's Ctrl-C go through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec

import trio

from agentd.errors import PluginFailed

P = ParamSpec("P")


async def contain(name: str, fn: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> None:
    """Await `fn`. Raises `PluginFailed` for everything but `trio.Cancelled` and `KeyboardInterrupt`; of a group that
    holds a cancel of ours beside a failure, the cancel is what is re-raised, as trio needs it back."""
    try:
        await fn(*args, **kwargs)
    except (trio.Cancelled, KeyboardInterrupt):
        raise
    except BaseExceptionGroup as group:  # boundary
        ours, theirs = group.split((trio.Cancelled, KeyboardInterrupt))
        if ours is not None:
            raise ours from None
        assert theirs is not None
        raise PluginFailed(name, theirs) from theirs
    except BaseException as e:  # boundary
        raise PluginFailed(name, e) from e
