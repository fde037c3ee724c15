"""From DBOS's asyncio loop to ours: an awaitable there that is a task here.

Steps of jobs do their work in trio, in the nursery of the process that runs them, and DBOS waits for them. A waiter
that is cancelled on its own side leaves its task alone: what has begun is finished here, and its result is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar, TypeVarTuple

import trio

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Bridge:
    """Make it in trio; the nursery must outlive the asyncio side."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery, self._token = nursery, trio.lowlevel.current_trio_token()

    async def run(self, fn: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        """Awaited on the asyncio side: `await fn(*args)` in trio; its result, or its error as it is. A cancel of the
        nursery is asyncio's `CancelledError` here."""
        over: Future[T] = Future()
        over.set_running_or_notify_cancel()  # from here on it cannot be cancelled, only left alone

        async def task() -> None:
            try:
                result = await fn(*args)
            except trio.Cancelled:
                over.set_exception(asyncio.CancelledError())
                raise
            except Exception as error:  # boundary: the error belongs to whoever waits
                over.set_exception(error)
            else:
                over.set_result(result)

        self._token.run_sync_soon(self._nursery.start_soon, task)
        return await asyncio.wrap_future(over)
