"""The retention clock: what is past its time is removed, class by class. Blocking; each step is a transaction.

A call goes with its turns, lines and recordings. Lines, recordings and customers have clocks of their own; a customer's
starts at their last call. What is left of a call whose own row was lost goes by its own age.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Column, Connection, Table, delete, select

from agentd.storage import Counts, Keep
from agentd.store.tables import calls, customers, recordings, transcripts, turns

STEP: Final = 500  # rows of a table in one transaction: the writer of the calls waits some milliseconds for it
DAY_MS: Final = 24 * 3600 * 1000


def clocks(keep: Keep) -> Iterator[tuple[Table, Column[int], int]]:
    """(table, its column of time, days) for each table; parts of a call before the call."""
    for table, days in (
        (transcripts, _sooner(keep.transcripts, keep.calls)),
        (recordings, _sooner(keep.recordings, keep.calls)),
        (turns, keep.calls),
    ):
        yield table, table.c.at_ms, days
    yield calls, calls.c.began_ms, keep.calls
    yield customers, customers.c.last_ms, keep.customers


def step(connection: Connection, table: Table, column: Column[int], before_ms: int) -> int:
    """Remove at most `STEP` rows that are older; how many it were."""
    key = next(iter(table.primary_key))
    old = select(key).where(column < before_ms).limit(STEP)
    return connection.execute(delete(table).where(key.in_(old), column < before_ms)).rowcount


def cutoff_ms(now_ms: int, days: int) -> int:
    return now_ms - days * DAY_MS


def counted(counts: Counts, table: Table, removed: int) -> None:
    if removed:
        counts[table.name] = counts.get(table.name, 0) + removed


def _sooner(one: int, other: int) -> int:
    """Of two times in days, where 0 is for ever."""
    return min(one, other) if one and other else one or other
