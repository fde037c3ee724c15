"""Calls, turns, lines and recordings: written in batches that may come twice, read as rows. Blocking; inside a
transaction.

A batch is applied by kind, in the order of `_APPLY`, so that each kind is one statement with many parameters. The kinds
of one call do not disturb each other: a stream's end counts only while no newer stream has begun, and a line that is
taken back is not written again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Insert, Table, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from agentd.events import Private
from agentd.storage import (
    CallBegan,
    CallOver,
    CallRow,
    Change,
    Conversation,
    LineRow,
    LineTakenBack,
    RecordingRow,
    TurnRow,
)
from agentd.store.redact import redact
from agentd.store.tables import calls, customers, recordings, transcripts, turns

_REAL_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164; "anonymous" is nobody's customer record


def write(connection: Connection, changes: Iterable[Change]) -> None:
    """Apply them all. Writing the same again changes nothing."""
    kinds: dict[type, list[Any]] = {}
    for change in changes:
        kinds.setdefault(type(change), []).append(change)
    for kind, apply in _APPLY:
        if kind in kinds:
            apply(connection, kinds[kind])


def _began(connection: Connection, changes: Sequence[CallBegan]) -> None:
    insert = _insert(connection, calls)
    newer = insert.on_conflict_do_update(
        index_elements=[calls.c.call_sid],
        set_={"streams": insert.excluded.streams, "ended_ms": None, "reason": None, "crash": None},
        where=insert.excluded.streams > calls.c.streams,
    )
    connection.execute(
        newer,
        [
            {
                "call_sid": c.call_sid,
                "caller": redact_caller(c.caller.text),
                "called": c.called.replace("\0", ""),
                "mode": c.mode,
                "streams": c.generation,
                "began_ms": c.at_ms,
            }
            for c in changes
        ],
    )
    known = [c for c in changes if _REAL_NUMBER.fullmatch(c.caller.text)]
    if known:
        insert = _insert(connection, customers)
        later = insert.on_conflict_do_update(
            index_elements=[customers.c.phone],
            set_={"last_ms": insert.excluded.last_ms},
            where=insert.excluded.last_ms > customers.c.last_ms,
        )
        connection.execute(later, [{"phone": c.caller.text, "first_ms": c.at_ms, "last_ms": c.at_ms} for c in known])


def redact_caller(caller: str) -> str:
    """A number stays; what is no number is shown as text is."""
    return caller if _REAL_NUMBER.fullmatch(caller) else redact(caller)


def _over(connection: Connection, changes: Sequence[CallOver]) -> None:
    statement = (
        update(calls)
        .where(calls.c.call_sid == bindparam("of_call"), calls.c.streams == bindparam("of_stream"))
        .values(ended_ms=bindparam("at_ms"), reason=bindparam("why"), crash=bindparam("bug"))
    )
    connection.execute(
        statement,
        [
            {
                "of_call": c.call_sid,
                "of_stream": c.generation,
                "at_ms": c.at_ms,
                "why": c.reason,
                "bug": redact(c.crash) if c.crash else None,
            }
            for c in changes
        ],
    )


def _turns(connection: Connection, rows: Sequence[TurnRow]) -> None:
    connection.execute(_upsert(connection, turns), [asdict(row) for row in rows])


def _lines(connection: Connection, rows: Sequence[LineRow]) -> None:
    connection.execute(
        _upsert(connection, transcripts), [_plain(row) | {"text": redact(row.text.text)} for row in rows]
    )


def _taken_back(connection: Connection, changes: Sequence[LineTakenBack]) -> None:
    statement = delete(transcripts).where(
        transcripts.c.call_sid == bindparam("of_call"),
        transcripts.c.generation == bindparam("of_stream"),
        transcripts.c.seq == bindparam("of_line"),
    )
    connection.execute(
        statement, [{"of_call": c.call_sid, "of_stream": c.generation, "of_line": c.seq} for c in changes]
    )


def _recordings(connection: Connection, rows: Sequence[RecordingRow]) -> None:
    connection.execute(_upsert(connection, recordings), [asdict(row) for row in rows])


_APPLY: Final[Sequence[tuple[type, Callable[[Connection, Any], None]]]] = (
    (CallBegan, _began),
    (TurnRow, _turns),
    (LineRow, _lines),
    (LineTakenBack, _taken_back),
    (RecordingRow, _recordings),
    (CallOver, _over),
)


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


def _conversation(connection: Connection, call: CallRow) -> Conversation:
    def rows(table: Table, *order: Any) -> Sequence[Any]:
        return connection.execute(select(table).where(table.c.call_sid == call.call_sid).order_by(*order)).all()

    said = rows(transcripts, transcripts.c.generation, transcripts.c.seq)
    return Conversation(
        call=call,
        lines=tuple(LineRow(**{**row._mapping, "text": Private(row.text)}) for row in said),
        turns=tuple(TurnRow(**row._mapping) for row in rows(turns, turns.c.generation, turns.c.turn)),
        recordings=tuple(RecordingRow(**row._mapping) for row in rows(recordings, recordings.c.at_ms)),
    )


def _calls() -> Any:
    count = select(func.count()).where(turns.c.call_sid == calls.c.call_sid).scalar_subquery()
    return select(calls, count.label("turns"))


def _call(row: Any) -> CallRow:
    return CallRow(**{**row, "caller": Private(row["caller"])})


def _plain(row: LineRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in transcripts.c.keys()}  # noqa: SIM118 - columns, not a mapping


def _insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_update`: both dialects do, each in its own class."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def _upsert(connection: Connection, table: Table) -> Insert:
    """INSERT, or replace the row of the same key."""
    insert = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: insert.excluded[column.name] for column in table.c if column.name not in keys}
    found: Insert = insert.on_conflict_do_update(index_elements=keys, set_=rest)
    return found
