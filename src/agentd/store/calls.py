"""Calls, turns, lines, recordings and slots: written in batches that may come twice. Blocking; inside a transaction.
Reading them is `conversations.py`.

A batch is applied by kind, in the order of `_APPLY`, so that each kind is one statement with many parameters. The kinds
of one call do not disturb each other: a stream's end counts only while no newer stream has begun, and a line that is
taken back is not written again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, tuple_, update

from agentd.storage import CallBegan, CallOver, Change, LineRow, LineTakenBack, RecordingRow, SlotsRow, TurnRow
from agentd.store.dialects import insert, upsert
from agentd.store.redact import redact, redact_json
from agentd.store.tables import calls, customers, recordings, slots, transcripts, turns

REAL_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164; "anonymous" is nobody's customer record


def write(connection: Connection, changes: Iterable[Change]) -> None:
    """Apply them all. Writing the same again changes nothing."""
    kinds: dict[type, list[Any]] = {}
    for change in changes:
        kinds.setdefault(type(change), []).append(change)
    for kind, apply in _APPLY:
        if kind in kinds:
            apply(connection, kinds[kind])


def _began(connection: Connection, changes: Sequence[CallBegan]) -> None:
    statement = insert(connection, calls)
    newer = statement.on_conflict_do_update(
        index_elements=[calls.c.call_sid],
        set_={"streams": statement.excluded.streams, "ended_ms": None, "reason": None, "crash": None},
        where=statement.excluded.streams > calls.c.streams,
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
    known = [c for c in changes if REAL_NUMBER.fullmatch(c.caller.text)]
    if known:
        statement = insert(connection, customers)
        later = statement.on_conflict_do_update(
            index_elements=[customers.c.phone],
            set_={"last_ms": statement.excluded.last_ms},
            where=statement.excluded.last_ms > customers.c.last_ms,
        )
        connection.execute(later, [{"phone": c.caller.text, "first_ms": c.at_ms, "last_ms": c.at_ms} for c in known])


def redact_caller(caller: str) -> str:
    """A number stays; what is no number is shown as text is."""
    return caller if REAL_NUMBER.fullmatch(caller) else redact(caller)


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
    connection.execute(upsert(connection, turns), [asdict(row) for row in rows])


def _lines(connection: Connection, rows: Sequence[LineRow]) -> None:
    connection.execute(upsert(connection, transcripts), [_plain(row) | {"text": redact(row.text.text)} for row in rows])


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
    connection.execute(upsert(connection, recordings), [asdict(row) for row in rows])


def _slots(connection: Connection, rows: Sequence[SlotsRow]) -> None:
    statement = insert(connection, slots)
    new = statement.excluded
    later = statement.on_conflict_do_update(
        index_elements=[slots.c.call_sid],
        set_={name: new[name] for name in ("generation", "seq", "at_ms", "filled", "missing", "known")},
        where=tuple_(new.generation, new.seq) > tuple_(slots.c.generation, slots.c.seq),
    )
    connection.execute(later, [asdict(row) | {"known": redact_json(row.known.text)} for row in rows])


_APPLY: Final[Sequence[tuple[type, Callable[[Connection, Any], None]]]] = (
    (CallBegan, _began),
    (TurnRow, _turns),
    (LineRow, _lines),
    (LineTakenBack, _taken_back),
    (RecordingRow, _recordings),
    (SlotsRow, _slots),
    (CallOver, _over),
)


def _plain(row: LineRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in transcripts.c.keys()}  # noqa: SIM118 - columns, not a mapping
