"""The calendar: meetings of which no two overlap. Blocking; inside a transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select

from agentd.events import Private
from agentd.office import Meeting, MeetingDraft, NotAllowed, Span, Taken
from agentd.store.dialects import alone
from agentd.store.effects import new_id
from agentd.store.redact import redact_secrets
from agentd.store.tables import meetings

BOOKED = "booked"


def book(connection: Connection, draft: MeetingDraft, at_ms: int) -> Meeting:
    """Whoever books has the table to themselves from here to the end of the transaction: what they see is free stays
    free."""
    span = draft.span
    if span.from_ms >= span.until_ms:
        raise NotAllowed("a meeting ends after it begins")
    alone(connection, meetings)
    if taken(connection, span):
        raise Taken("that time is taken")
    row = {
        "id": new_id("meeting"),
        "from_ms": span.from_ms,
        "until_ms": span.until_ms,
        "title": redact_secrets(draft.title),
        "with_phone": redact_secrets(draft.with_phone.text),
        "with_name": redact_secrets(draft.with_name.text),
        "call_sid": draft.call_sid,
        "place": redact_secrets(draft.place),
        "status": BOOKED,
        "created_ms": at_ms,
    }
    connection.execute(insert(meetings).values(row))
    return meeting(connection.execute(select(meetings).where(meetings.c.id == row["id"])).one())


def taken(connection: Connection, within: Span) -> list[Span]:
    return [each.span for each in touching(connection, within) if each.status == BOOKED]


def touching(connection: Connection, within: Span) -> list[Meeting]:
    """In order, cancelled ones too."""
    chosen = select(meetings).where(meetings.c.from_ms < within.until_ms, meetings.c.until_ms > within.from_ms)
    return [meeting(row) for row in connection.execute(chosen.order_by(meetings.c.from_ms, meetings.c.id))]


def meeting(row: Any) -> Meeting:
    return Meeting(
        id=row.id,
        span=Span(row.from_ms, row.until_ms),
        title=row.title,
        with_phone=Private(row.with_phone),
        with_name=Private(row.with_name),
        call_sid=row.call_sid,
        place=row.place,
        status=row.status,
        created_ms=row.created_ms,
    )
