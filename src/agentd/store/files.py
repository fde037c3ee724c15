"""What agents see of a call and add to it: its last lines, notes, a recording, a summary. Blocking; inside a
transaction."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy import insert as plain_insert

from agentd.store.dialects import insert, upsert
from agentd.store.effects import new_id
from agentd.store.redact import redact, redact_secrets
from agentd.store.tables import call_notes, recordings, summaries, transcripts


def add_note(connection: Connection, call_sid: str, phone: str, text: str, at_ms: int) -> str:
    """Its id."""
    row = {"id": new_id("note"), "call_sid": call_sid, "phone": redact_secrets(phone), "text": redact(text)}
    connection.execute(plain_insert(call_notes).values(row | {"at_ms": at_ms}))
    return row["id"]


def attach_recording(connection: Connection, call_sid: str, recording_sid: str, at_ms: int) -> None:
    """One that Twilio has told us of stays as it is, but for its call."""
    row = {"recording_sid": recording_sid, "call_sid": call_sid, "status": "", "at_ms": at_ms}
    statement = insert(connection, recordings).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[recordings.c.recording_sid], set_={"call_sid": call_sid})
    )


def keep_summary(connection: Connection, call_sid: str, text: str, at_ms: int) -> None:
    """In place of the one before."""
    row = {"call_sid": call_sid, "text": redact(text), "at_ms": at_ms}
    connection.execute(upsert(connection, summaries).values(row))


def last_lines(connection: Connection, call_sid: str, limit: int) -> list[tuple[str, str]]:
    """(who, text), oldest first."""
    newest = (transcripts.c.generation.desc(), transcripts.c.seq.desc())
    chosen = select(transcripts.c.who, transcripts.c.text).where(transcripts.c.call_sid == call_sid)
    rows = connection.execute(chosen.order_by(*newest).limit(limit)).all()
    return [(row.who, row.text) for row in reversed(rows)]
