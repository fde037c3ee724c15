"""What agents and jobs do with the store: redacted when it is written, proved by the audit trail, found when a call is
over; and what it says when it cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import Connection, text

from agentd.config import Settings
from agentd.events import Private
from agentd.office import LeadDraft, MeetingDraft, NotAllowed, Note, OfficeError, Span
from agentd.storage import SlotsRow
from agentd.store.ledger import seal
from agentd.store.migrate import migrate
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts.ledger import decided, judged, question
from agentd.testing.contracts.store import CALLER, a_call, began

CARD, IDENTITY, PHONE = "4111 1111 1111 1111", "123456782", "050-123-4567"
SECRETS = f"card {CARD}, id {IDENTITY}, call {PHONE}"
WITHOUT_SECRETS = f"card [card], id [id], call {PHONE}"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[SqlStore]:
    store = SqlStore(settings, lambda: 5000)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


# --- redaction


async def test_prose_about_a_call_is_redacted_like_a_transcript(settings: Settings) -> None:
    as_said = "card [card], id [id], call ***567"
    async with opened(settings) as store:
        await store.write(a_call())
        await store.files.keep_summary("CA1", Private(SECRETS), "k1")
        await store.files.log_create("CA1", CALLER, Private(SECRETS), "k2")
        lead = await store.crm.upsert_lead(LeadDraft(CALLER, "real-estate", summary=Private(SECRETS)), "k3")
        call = await store.conversation("CA1")
    assert call is not None
    assert (call.summary.text, call.notes[0].text.text, lead.summary.text) == (as_said, as_said, as_said)


async def test_numbers_that_are_the_data_stay_and_secrets_do_not(settings: Settings) -> None:
    async with opened(settings) as store:
        note = await store.messages.keep(Note("SM1", CALLER, False, Private(SECRETS), 1000))
        lead = await store.crm.upsert_lead(
            LeadDraft(CALLER, "real-estate", slots={"phone": "036123457", "card": CARD, "rooms": "4"}), "k1"
        )
        await store.tool_judged(replace(judged(), arguments=Private(msgspec.json.encode([SECRETS]).decode())))
        await store.tool_over("tc-1", "ok", Private('{"card":4111111111111111,"phone":"+972501234567"}'), 1)
        [call] = await store.tool_calls("CA1")
        known = Private('{"phone":"0501234567","id":"123456782"}')
        await store.write([began(), SlotsRow("CA1", 1, 5, 1000, 2, 0, known)])
        slots = await store.slots("CA1")
    assert note.text.text == WITHOUT_SECRETS
    assert lead.slots == {"phone": "036123457", "card": "[card]", "rooms": "4"}
    assert msgspec.json.decode(call.arguments.text) == [WITHOUT_SECRETS]
    assert call.result.text == '{"card":"[card]","phone":"+972501234567"}'
    assert slots is not None
    assert slots.known.text == '{"phone":"0501234567","id":"[id]"}'


# --- work after the call


async def test_the_question_for_calls_without_a_job_reads_an_index_of_only_those(settings: Settings) -> None:
    question = "SELECT call_sid FROM calls WHERE job_ms IS NULL AND ended_ms IS NOT NULL AND ended_ms < 9 ORDER BY 1"

    def plan(connection: Connection) -> str:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))  # the planner reads a tiny table as a whole
            return str(connection.execute(text(f"EXPLAIN {question}")).all())
        return str(connection.execute(text(f"EXPLAIN QUERY PLAN {question}")).all())

    async with opened(settings) as store:
        assert "ix_calls_without_job" in store.database.transaction(plan)


async def test_calls_from_before_there_were_jobs_get_none(settings: Settings) -> None:
    store = SqlStore(settings)
    store.database.prepare(create=True)
    row = "'CA1', '+972501234567', '+97237654321', 'AI', 1, 1000, 6000, 'stop', NULL"
    store.database.transaction(lambda connection: migrate(connection, "0002"))
    store.database.transaction(lambda connection: connection.execute(text(f"INSERT INTO calls VALUES ({row})")))
    await store.open()
    try:
        assert await store.calls_over_without_job(before_ms=99_000) == []
    finally:
        await store.aclose()


# --- the audit trail


async def test_each_verdict_and_each_change_of_an_approval_is_in_the_trail_once(settings: Settings) -> None:
    async with opened(settings) as store:
        for _ in range(2):
            await store.tool_judged(judged())
            await store.ask(question())
            await store.change(question(), decided(question(), "approved", "dana"))
        approved = decided(question(), "approved", "dana")
        await store.change(approved, replace(approved, state="used", version=3))
        trail = await store.trail()
        [kept] = await store.tool_calls("CA1")
    entries = [(entry.actor, entry.action, msgspec.json.decode(entry.detail)) for entry in trail]
    told = [(actor, action, detail.get("state", detail.get("ruling"))) for actor, action, detail in entries]
    assert told == [
        ("voice", "tool", "allow"),
        ("voice", "approval", "pending"),
        ("dana", "approval", "approved"),
        ("agentd", "approval", "used"),
    ]
    assert entries[0][2]["seal"] == seal(kept.id, kept.tool, kept.arguments.text)
    assert "Dana" not in trail[0].detail


async def test_a_change_that_does_not_count_is_a_bug(settings: Settings) -> None:
    async with opened(settings) as store:
        await store.ask(question())
        with pytest.raises(ValueError, match="version 1 -> 1"):
            await store.change(question(), replace(question(), state="approved"))


# --- what cannot be


async def test_a_database_that_is_gone_is_said_without_its_words(settings: Settings) -> None:
    async with opened(settings) as store:
        store.database.transaction(lambda connection: connection.execute(text("DROP TABLE leads")))
        with pytest.raises(OfficeError, match="the records cannot be reached now"):
            await store.crm.upsert_lead(LeadDraft(CALLER, "real-estate"), "k1")


def lead(phone: str) -> Callable[[SqlStore], Awaitable[object]]:
    return lambda store: store.crm.upsert_lead(LeadDraft(Private(phone), "real-estate"), "k1")


def meeting(from_ms: int, until_ms: int) -> Callable[[SqlStore], Awaitable[object]]:
    return lambda store: store.calendar.book(MeetingDraft(Span(from_ms, until_ms), "Viewing", CALLER), "k1")


@pytest.mark.parametrize(
    "effect", [lead("anonymous"), lead("0501234567"), lead(""), meeting(5000, 5000), meeting(5000, 4000)]
)
async def test_what_can_never_be_is_refused_for_good(
    settings: Settings, effect: Callable[[SqlStore], Awaitable[object]]
) -> None:
    async with opened(settings) as store:
        with pytest.raises(NotAllowed):
            await effect(store)
        assert await store.crm.leads() == []


async def test_an_effect_without_a_key_is_a_bug(settings: Settings) -> None:
    async with opened(settings) as store:
        with pytest.raises(ValueError, match="no idempotency key"):
            await store.crm.upsert_lead(LeadDraft(CALLER, "real-estate"), "")


async def test_one_key_under_two_verbs_is_two_effects(settings: Settings) -> None:
    async with opened(settings) as store:
        await store.crm.upsert_lead(LeadDraft(CALLER, "real-estate"), "k1")
        await store.calendar.book(MeetingDraft(Span(1000, 2000), "Viewing", CALLER), "k1")
        assert len(await store.calendar.meetings(Span(0, 9000))) == 1


async def test_a_recording_that_is_attached_keeps_what_twilio_said_of_it(settings: Settings) -> None:
    async with opened(settings) as store:
        await store.write(a_call())
        await store.write([began("CA2")])
        await store.files.attach_recording("CA2", "RECA1", "k1")
        await store.files.attach_recording("CA2", "RE9", "k2")
        found = await store.conversation("CA2")
    assert found is not None
    assert [(row.recording_sid, row.status, row.duration_s) for row in found.recordings] == [
        ("RE9", "", None),
        ("RECA1", "completed", 5),
    ]
