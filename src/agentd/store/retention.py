"""The retention clock: what is past its time is removed, class by class. Blocking; each step is a transaction.

| class | goes |
|---|---|
| `calls` | by the time they began, with all that belongs to them (by its own age, so that nothing is left behind) |
| `transcripts`, `recordings` | by clocks of their own, or with their call |
| `customers` | by the time of their last call |
| `leads` | by their last change, with their tags; `meetings` by their end, on the same clock |
| `messages` | by their time |
| `effects` | after `EFFECTS_DAYS`, or as soon as any row may that they hold a copy of |
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Final

from sqlalchemy import Column, Connection, Table, delete, select

from agentd.storage import Counts, Keep
from agentd.store.tables import (
    approvals,
    call_notes,
    calls,
    customers,
    effects,
    lead_tags,
    leads,
    meetings,
    messages,
    recordings,
    slots,
    summaries,
    tool_calls,
    transcripts,
    turns,
)

STEP: Final = 500  # rows of a table in one transaction: the writer of the calls waits some milliseconds for it
DAY_MS: Final = 24 * 3600 * 1000
EFFECTS_DAYS: Final = 30  # no job is tried again so late


def clocks(keep: Keep) -> Iterator[tuple[Table, Column[int], int]]:
    """(table, its column of time, days) for each table; parts of a call before the call."""
    for table, days in (
        (transcripts, _sooner(keep.transcripts, keep.calls)),
        (recordings, _sooner(keep.recordings, keep.calls)),
        (turns, keep.calls),
        (slots, keep.calls),
        (call_notes, keep.calls),
        (summaries, keep.calls),
        (tool_calls, keep.calls),
    ):
        yield table, table.c.at_ms, days
    yield approvals, approvals.c.asked_ms, keep.calls
    yield calls, calls.c.began_ms, keep.calls
    yield customers, customers.c.last_ms, keep.customers
    yield leads, leads.c.updated_ms, keep.leads
    yield meetings, meetings.c.until_ms, keep.leads
    yield messages, messages.c.at_ms, keep.messages
    copied = (keep.calls, keep.customers, keep.leads, keep.messages)
    yield effects, effects.c.at_ms, reduce(_sooner, copied, EFFECTS_DAYS)


def step(connection: Connection, table: Table, column: Column[int], before_ms: int) -> int:
    """Remove at most `STEP` rows that are older; how many it were."""
    key = next(iter(table.primary_key))
    old = select(key).where(column < before_ms).limit(STEP)
    if table is leads:  # tags have no time of their own; a lead that is being changed now is locked until it is new
        ids = connection.execute(old.with_for_update()).scalars().all()
        connection.execute(delete(lead_tags).where(lead_tags.c.lead_id.in_(ids)))
        return connection.execute(delete(leads).where(leads.c.id.in_(ids))).rowcount
    return connection.execute(delete(table).where(key.in_(old), column < before_ms)).rowcount


def cutoff_ms(now_ms: int, days: int) -> int:
    return now_ms - days * DAY_MS


def counted(counts: Counts, table: Table, removed: int) -> None:
    if removed:
        counts[table.name] = counts.get(table.name, 0) + removed


def _sooner(one: int, other: int) -> int:
    """Of two times in days, where 0 is for ever."""
    return min(one, other) if one and other else one or other
