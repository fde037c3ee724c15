"""What the commands over the store share: opening it, and times as a person writes and reads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from agentd.commands._common import load_settings_of_no_door

if TYPE_CHECKING:
    from agentd.store.sql_store import SqlStore

T = TypeVar("T")


def with_store(config: Path | None, fn: Callable[[SqlStore], Awaitable[T]]) -> T:
    """Run `fn` on the store of the settings, which must be there already."""
    import trio

    from agentd.store.sql_store import SqlStore

    async def run() -> T:
        store = SqlStore(load_settings_of_no_door(config))
        try:
            await store.open(create=False)
            return await fn(store)
        finally:
            await store.aclose()

    return trio.run(run)


def moment(at_ms: int) -> str:
    """Local time, "2026-11-21 14:03:07"."""
    return datetime.fromtimestamp(at_ms / 1000).strftime("%Y-%m-%d %H:%M:%S")


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def since(value: str) -> int:
    """A date or time ("2026-11-21", "2026-11-21T14:00") or a length back from now ("90m", "24h", "7d"), as
    milliseconds since 1970. Raises click's usage error."""
    try:
        if value[-1:] in _UNITS and value[:-1].isdecimal():
            begin = datetime.now() - timedelta(**{_UNITS[value[-1]]: int(value[:-1])})
        else:
            begin = datetime.fromisoformat(value)
        return round(begin.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{value!r} is neither a date such as 2026-11-21 nor a length such as 24h") from None
