"""A person has rows in every table: all are handed out, all can be removed, and each has a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from agentd.config import Settings
from agentd.events import Private
from agentd.office import LeadDraft
from agentd.storage import Keep
from agentd.store.audit import broken_at
from agentd.store.retention import DAY_MS, EFFECTS_DAYS
from agentd.store.sql_store import SqlStore
from agentd.store.tables import metadata
from agentd.testing.contracts.ledger import judged
from agentd.testing.contracts.store import CALLER, OTHER
from tests.store.whole_person import NEVER_REMOVED, leave_everything, rows

NOW_MS = 1000 * DAY_MS
FOREVER = Keep(0, 0, 0, 0, 0, 0)


@asynccontextmanager
async def opened(settings: Settings, now_ms: Callable[[], int] = lambda: NOW_MS) -> AsyncIterator[SqlStore]:
    store = SqlStore(settings, now_ms)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


async def test_the_person_of_these_tests_has_a_row_in_every_table(settings: Settings) -> None:
    async with opened(settings) as store:
        await leave_everything(store)
        assert {name for name, count in store.database.transaction(rows).items() if count == 0} == set()


async def test_everything_is_handed_out(settings: Settings) -> None:
    async with opened(settings) as store:
        await leave_everything(store)
        await leave_everything(store, OTHER, "CA2", at_ms=900_000)
        found = await store.person(CALLER)
    assert found.customer is not None
    record = found.customer.record
    assert (record.name.text, record.email.text, record.notes.text) == ("Dana", "dana@example.co.il", "has a dog")
    assert record.fields == {"rooms": "4"}
    [call] = found.calls
    assert call.slots is not None
    assert (call.slots.filled, call.slots.missing, call.slots.known.text) == (2, 1, '{"area":"Haifa"}')
    assert [row.id for row in call.tool_calls] == ["tc-CA1"]
    assert [row.id for row in call.approvals] == ["ap-CA1"]
    assert [note.text.text for note in call.notes] == ["wants a call back"]
    assert call.summary.text == "a flat in Haifa"
    assert call.call.name.text == "Dana"
    [lead] = found.dealings.leads
    assert (lead.tags, lead.summary.text) == (("hot",), "a flat")
    assert [meeting.call_sid for meeting in found.dealings.meetings] == ["CA1"]
    assert [note.id for note in found.dealings.messages] == ["SMCA1"]


async def test_nothing_is_left_of_a_person_who_is_forgotten_and_all_of_the_other(settings: Settings) -> None:
    async with opened(settings) as store:
        await leave_everything(store, OTHER, "CA2", at_ms=900_000)
        other, before = await store.person(OTHER), store.database.transaction(rows)
        await leave_everything(store)
        both = store.database.transaction(rows)
        counts = await store.forget(CALLER, "operator")
        left = store.database.transaction(rows)
        assert (await store.person(CALLER)).nobody
        assert await store.person(OTHER) == other
        for entry in await store.trail():
            assert CALLER.text[-9:] not in entry.detail
    assert {name: left[name] for name in left if name not in NEVER_REMOVED} == {
        name: before[name] for name in before if name not in NEVER_REMOVED
    }
    assert counts == {name: both[name] - left[name] for name in both if name not in NEVER_REMOVED}


async def test_a_tool_call_in_somebody_else_s_call_stays_though_it_names_the_number(settings: Settings) -> None:
    async with opened(settings) as store:
        await leave_everything(store, OTHER)
        assert CALLER.text in judged().arguments.text
        assert await store.forget(CALLER, "operator") == {}
        assert [row.id for row in await store.tool_calls("CA1")] == ["tc-CA1"]


@pytest.mark.parametrize("said", ["+972501234567", "0501234567"])
async def test_a_tool_call_about_a_person_outside_their_calls_is_forgotten_too(settings: Settings, said: str) -> None:
    async with opened(settings) as store:
        chat = replace(judged(), call_sid="", arguments=Private(f'{{"phone":"{said}"}}'))
        await store.tool_judged(chat)
        await store.tool_judged(replace(judged("tc-2"), call_sid="", arguments=Private('{"phone":"+972521111111"}')))
        assert await store.forget(CALLER, "operator") == {"tool_calls": 1}
        assert [row.id for row in await store.tool_calls("")] == ["tc-2"]


async def test_each_table_has_a_clock(settings: Settings) -> None:
    async with opened(settings, lambda: NOW_MS - 20 * DAY_MS) as store:
        await leave_everything(store, at_ms=NOW_MS - 20 * DAY_MS)
        before = store.database.transaction(rows)
        counts = await store.sweep(Keep(10, 10, 10, 10, 10, 10), NOW_MS)
        left = store.database.transaction(rows)
    assert {name for name, count in left.items() if count} == NEVER_REMOVED
    assert counts == {name: before[name] for name in metadata.tables if name not in {*NEVER_REMOVED, "lead_tags"}}


async def test_what_is_kept_for_ever_is_kept_but_for_copies(settings: Settings) -> None:
    async with opened(settings, lambda: NOW_MS - 20 * DAY_MS) as store:
        await leave_everything(store, at_ms=NOW_MS - 20 * DAY_MS)
        assert await store.sweep(FOREVER, NOW_MS) == {}
        assert set(await store.sweep(FOREVER, NOW_MS + EFFECTS_DAYS * DAY_MS)) == {"effects"}


@pytest.mark.parametrize(
    ("keep", "gone"),
    [
        (replace(FOREVER, leads=10), {"leads", "meetings", "effects"}),
        (replace(FOREVER, messages=10), {"messages", "effects"}),
        (replace(FOREVER, customers=10), {"customers", "effects"}),
        (
            replace(FOREVER, calls=10),
            {"calls", "turns", "transcripts", "recordings", "slots", "call_notes", "summaries"}
            | {"tool_calls", "approvals", "effects"},
        ),
    ],
)
async def test_each_class_has_its_own(settings: Settings, keep: Keep, gone: set[str]) -> None:
    async with opened(settings, lambda: NOW_MS - 20 * DAY_MS) as store:
        await leave_everything(store, at_ms=NOW_MS - 20 * DAY_MS)
        assert set(await store.sweep(keep, NOW_MS)) == gone


async def test_a_lead_that_changes_is_kept_with_its_old_tags(settings: Settings) -> None:
    now_ms = NOW_MS - 20 * DAY_MS
    async with opened(settings, lambda: now_ms) as store:
        await store.crm.upsert_lead(LeadDraft(CALLER, "real-estate", tags=("hot",)), "k1")
        now_ms = NOW_MS - DAY_MS
        await store.crm.upsert_lead(LeadDraft(CALLER, "real-estate", name=Private("Dana")), "k2")
        assert await store.sweep(Keep(10, 10, 10, 0, 10, 10), NOW_MS) == {"effects": 1}
        [lead] = await store.crm.leads()
    assert lead.tags == ("hot",)


async def test_the_trail_of_all_this_is_whole_and_knows_nobody(settings: Settings) -> None:
    async with opened(settings) as store:
        await leave_everything(store)
        await store.forget(CALLER, "operator")
        await store.sweep(FOREVER, NOW_MS)
        trail = await store.trail()
    assert broken_at(trail) is None
    assert [entry.action for entry in trail] == ["tool", "approval", "person-delete"]
    written = " ".join(entry.detail for entry in trail)
    assert not any(word in written for word in ("501234567", "Dana", "Haifa", "dog"))
