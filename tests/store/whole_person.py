"""A person with a row in every table, for tests that hold export, removal and the clock to all of them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, func, select

from agentd.events import NOTHING, Private
from agentd.office import LeadDraft, MeetingDraft, Note, Span
from agentd.storage import Change, SlotsRow
from agentd.store.sql_store import SqlStore
from agentd.store.tables import metadata
from agentd.testing.contracts.ledger import judged, question
from agentd.testing.contracts.store import CALLER, a_call

NEVER_REMOVED = {"audit"}


async def leave_everything(store: SqlStore, phone: Private = CALLER, sid: str = "CA1", at_ms: int = 1000) -> None:
    """`store` stamps what it writes itself with its own clock."""
    slots = SlotsRow(sid, 1, 7, at_ms, 2, 1, Private('{"area":"Haifa"}'))
    changes: list[Change] = [*a_call(sid, caller=phone, at_ms=at_ms), slots]
    await store.write(changes)
    draft = LeadDraft(phone, "real-estate", sid, Private("Dana"), {"area": "Haifa"}, ("hot",), Private("a flat"))
    await store.crm.upsert_lead(draft, f"{sid}/lead")
    await store.crm.update(
        phone.text, {"email": "dana@example.co.il", "notes": "has a dog", "rooms": "4"}, f"{sid}/crm"
    )
    start_ms = at_ms + 10_000
    await store.calendar.book(MeetingDraft(Span(start_ms, start_ms + 1), "Viewing", phone, NOTHING, sid), f"{sid}/book")
    await store.messages.keep(Note(f"SM{sid}", phone, False, Private("hello"), at_ms, "received"))
    await store.files.log_create(sid, phone, Private("wants a call back"), f"{sid}/note")
    await store.files.keep_summary(sid, Private("a flat in Haifa"), f"{sid}/summary")
    await store.tool_judged(replace(judged(f"tc-{sid}", at_ms=at_ms), call_sid=sid))
    await store.ask(question(f"ap-{sid}", asked_ms=at_ms, call_sid=sid))


def rows(connection: Connection) -> dict[str, int]:
    """Rows by table, of every table that there is."""
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in metadata.tables.items()
    }
