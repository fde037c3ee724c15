"""Calls with all that belongs to them, as rows. Blocking; inside a transaction. Writing them is `calls.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select, update

from agentd.events import NOTHING, Private
from agentd.storage import CallNote, CallRow, Conversation, LineRow, RecordingRow, SlotsRow, TurnRow
from agentd.store import ledger
from agentd.store.tables import (
    approvals,
    call_notes,
    calls,
    customers,
    recordings,
    slots,
    summaries,
    tool_calls,
    transcripts,
    turns,
)

_CALL: Final = [column for column in calls.c if column is not calls.c.job_ms]


def newest(connection: Connection, limit: int, since_ms: int) -> list[CallRow]:
    """The newest calls first."""
    chosen = _calls().where(calls.c.began_ms >= since_ms).order_by(calls.c.began_ms.desc(), calls.c.call_sid)
    return [_call(row) for row in connection.execute(chosen.limit(limit)).mappings()]


def of_caller(connection: Connection, caller: str) -> list[Conversation]:
    """All calls from a number, oldest first."""
    chosen = _calls().where(calls.c.caller == caller).order_by(calls.c.began_ms, calls.c.call_sid)
    return [_conversation(connection, _call(row)) for row in connection.execute(chosen).mappings().all()]


def conversation(connection: Connection, call_sid: str) -> Conversation | None:
    row = connection.execute(_calls().where(calls.c.call_sid == call_sid)).mappings().first()
    return _conversation(connection, _call(row)) if row is not None else None


def slots_of(connection: Connection, call_sid: str) -> SlotsRow | None:
    row = connection.execute(select(slots).where(slots.c.call_sid == call_sid)).first()
    return SlotsRow(**{**row._mapping, "known": Private(row.known)}) if row is not None else None


def summary_of(connection: Connection, call_sid: str) -> Private:
    text = connection.execute(select(summaries.c.text).where(summaries.c.call_sid == call_sid)).scalar()
    return Private(text) if text is not None else NOTHING


def over_without_job(connection: Connection, before_ms: int, limit: int) -> list[str]:
    """From an index that holds only these, so that asking each second costs nothing."""
    waiting = calls.c.job_ms.is_(None) & calls.c.ended_ms.is_not(None) & (calls.c.ended_ms < before_ms)
    chosen = select(calls.c.call_sid).where(waiting).order_by(calls.c.ended_ms, calls.c.call_sid).limit(limit)
    return list(connection.execute(chosen).scalars())


def job_begun(connection: Connection, call_sid: str, at_ms: int) -> None:
    connection.execute(update(calls).where(calls.c.call_sid == call_sid, calls.c.job_ms.is_(None)).values(job_ms=at_ms))


def _conversation(connection: Connection, call: CallRow) -> Conversation:
    def rows(table: Table, *order: Any) -> Sequence[Any]:
        return connection.execute(select(table).where(table.c.call_sid == call.call_sid).order_by(*order)).all()

    said = rows(transcripts, transcripts.c.generation, transcripts.c.seq)
    notes = rows(call_notes, call_notes.c.at_ms, call_notes.c.id)
    asked = rows(approvals, approvals.c.asked_ms, approvals.c.id)
    return Conversation(
        call=call,
        lines=tuple(LineRow(**{**row._mapping, "text": Private(row.text)}) for row in said),
        turns=tuple(TurnRow(**row._mapping) for row in rows(turns, turns.c.generation, turns.c.turn)),
        recordings=tuple(RecordingRow(**row._mapping) for row in rows(recordings, recordings.c.at_ms)),
        slots=slots_of(connection, call.call_sid),
        tool_calls=tuple(map(ledger.tool_call, rows(tool_calls, tool_calls.c.at_ms, tool_calls.c.id))),
        approvals=tuple(map(ledger.approval_row, asked)),
        notes=tuple(CallNote(row.id, row.call_sid, row.at_ms, Private(row.text)) for row in notes),
        summary=summary_of(connection, call.call_sid),
    )


def _calls() -> Any:
    count = select(func.count()).where(turns.c.call_sid == calls.c.call_sid).scalar_subquery()
    name = select(customers.c.name).where(customers.c.phone == calls.c.caller).scalar_subquery()
    return select(*_CALL, count.label("turns"), name.label("name"))


def _call(row: Any) -> CallRow:
    return CallRow(**{**row, "caller": Private(row["caller"]), "name": Private(row["name"] or "")})
