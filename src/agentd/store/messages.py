"""WhatsApp threads, and what became of each message. Blocking; inside a transaction."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, select, update

from agentd.events import Private
from agentd.office import Note
from agentd.store.dialects import is_new
from agentd.store.redact import redact_secrets
from agentd.store.tables import messages

_ORDER: Final = ("sending", "queued", "sent", "delivered", "read", "failed")
"""A message goes this way, and never back. "failed" is final: Twilio says it once, in the end."""


def keep(connection: Connection, note: Note, key: str) -> Note:
    row = {
        "id": note.id,
        "key": key or None,
        "phone": redact_secrets(note.phone.text),
        "ours": note.ours,
        "text": redact_secrets(note.text.text),
        "at_ms": note.at_ms,
        "status": note.status,
    }
    is_new(connection, messages, row)
    there = messages.c.id == note.id
    if key:
        there |= messages.c.key == key
    return as_note(connection.execute(select(messages).where(there)).one())


def thread(connection: Connection, phone: str, limit: int) -> list[Note]:
    chosen = select(messages).where(messages.c.phone == phone).order_by(messages.c.at_ms.desc(), messages.c.id.desc())
    return [as_note(row) for row in connection.execute(chosen.limit(limit))]


def set_status(connection: Connection, id: str, status: str, provider_id: str) -> Note | None:
    of_message = (messages.c.id == id) | (messages.c.provider_id == id)
    row = connection.execute(select(messages).where(of_message).with_for_update()).first()
    if row is None:
        return None
    values: dict[str, str] = {"provider_id": provider_id} if provider_id else {}
    if _rank(status) > _rank(row.status):
        values["status"] = status
    if values:
        connection.execute(update(messages).where(messages.c.id == row.id).values(values))
    return as_note(connection.execute(select(messages).where(messages.c.id == row.id)).one())


def as_note(row: Any) -> Note:
    return Note(row.id, Private(row.phone), row.ours, Private(row.text), row.at_ms, row.status)


def _rank(status: str) -> int:
    """Words that are not known lie behind all others."""
    return _ORDER.index(status) if status in _ORDER else -1
