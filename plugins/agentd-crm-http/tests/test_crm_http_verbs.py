"""Every verb of the office, over a real socket: what is asked and what comes of it."""

from __future__ import annotations

import json

import pytest
import trio
from agentd_crm_http.fake_crm import FakeCrm
from agentd_crm_http.office import HttpCalendar, HttpCrm

from agentd.events import Private
from agentd.office import Customer, LeadDraft, Meeting, MeetingDraft, Span, Taken, Unknown

PHONE = "+972501234567"
MONDAY_10 = 1_795_507_200_000  # 2026-11-24T08:00:00Z
HOUR = 3_600_000
SPAN = Span(MONDAY_10, MONDAY_10 + HOUR)
DRAFT = LeadDraft(Private(PHONE), "real-estate", "CA1", Private("דנה"), {"area": "חיפה"}, ("hot",))


def meeting(span: Span) -> MeetingDraft:
    return MeetingDraft(span, "A visit", Private(PHONE), Private("Dana"), "CA1", "Herzl 1")


# --- customers


async def test_a_customer_is_found_by_phone_and_by_a_part_of_the_name(crm: FakeCrm, customers: HttpCrm) -> None:
    known = crm.records.add_customer(PHONE, name="Dana Levi", email="d@example.com", fields={"vip": "yes"})
    dana = Customer(known, Private(PHONE), Private("Dana Levi"), Private("d@example.com"), fields={"vip": "yes"})
    assert await customers.search(phone=PHONE) == [dana]
    assert await customers.search(name="levi") == [dana]
    assert await customers.search(phone="+972500000000") == []
    assert await customers.get(known) == dana


async def test_no_number_of_a_persons_stands_in_an_address(crm: FakeCrm, customers: HttpCrm) -> None:
    await customers.search(phone=PHONE)
    await customers.leads(phone=PHONE)
    await customers.upsert_lead(DRAFT, "k")
    assert not any(PHONE[1:] in asked.path for asked in crm.asked)


async def test_more_than_was_asked_for_is_cut_off(crm: FakeCrm, customers: HttpCrm) -> None:
    row = {"id": "1", "phone": PHONE}
    crm.misdeeds.append(json.dumps({"customers": [row] * 50}).encode())
    assert len(await customers.search(name="d", limit=3)) == 3


async def test_changes_are_made_and_notes_are_added(crm: FakeCrm, customers: HttpCrm) -> None:
    known = crm.records.add_customer(PHONE, notes="Called in May.")
    changed = await customers.update(known, {"name": "Dana", "notes": "Wants a balcony.", "budget": "2000000"}, "k1")
    assert changed.name == Private("Dana")
    assert changed.notes == Private("Called in May.\nWants a balcony.")
    assert changed.fields == {"budget": "2000000"}


@pytest.mark.parametrize("customer_id", ["nobody", "", ".", "..", "../leads", "x" * 500, "דנה", "?a=b", "\ud800"])
async def test_an_id_that_nobody_has_is_nobody_whatever_it_looks_like(
    crm: FakeCrm, customers: HttpCrm, customer_id: str
) -> None:
    assert await customers.get(customer_id) is None
    with pytest.raises(Unknown):
        await customers.update(customer_id, {"name": "x"}, "k")
    with pytest.raises(Unknown):
        await customers.tag_lead(customer_id, ["x"], "k")
    assert all(asked.path.startswith(("/agentd/customers/", "/agentd/leads/")) for asked in crm.asked)


# --- leads


async def test_a_second_draft_of_a_lead_is_merged_into_the_first(crm: FakeCrm, customers: HttpCrm) -> None:
    first = await customers.upsert_lead(DRAFT, "k1")
    second = await customers.upsert_lead(
        LeadDraft(Private(PHONE), "real-estate", slots={"budget": "2000000"}, tags=("call-back",)), "k2"
    )
    assert second.id == first.id
    assert second.name == Private("דנה")
    assert second.slots == {"area": "חיפה", "budget": "2000000"}
    assert second.tags == ("hot", "call-back")
    assert second.updated_ms >= second.created_ms == first.created_ms > MONDAY_10 - 365 * 24 * HOUR


async def test_tags_are_added_and_leads_come_newest_first(crm: FakeCrm, customers: HttpCrm) -> None:
    one = await customers.upsert_lead(DRAFT, "k1")
    other = await customers.upsert_lead(LeadDraft(Private("+97231111111"), "real-estate"), "k2")
    tagged = await customers.tag_lead(one.id, ["viewing"], "k3")
    assert tagged.tags == ("hot", "viewing")
    assert [lead.id for lead in await customers.leads()] == [one.id, other.id]
    assert [lead.id for lead in await customers.leads(phone="+97231111111")] == [other.id]


# --- the calendar


async def test_a_meeting_is_booked_and_takes_its_time(crm: FakeCrm, calendar: HttpCalendar) -> None:
    booked = await calendar.book(meeting(SPAN), "k1")
    assert booked == Meeting(
        booked.id, SPAN, "A visit", Private(PHONE), Private("Dana"), "CA1", "Herzl 1", "booked", booked.created_ms
    )
    assert await calendar.meetings(SPAN) == [booked]
    assert await calendar.taken(Span(MONDAY_10 - HOUR, MONDAY_10 + 1)) == [SPAN]
    assert await calendar.taken(Span(MONDAY_10 - HOUR, MONDAY_10)) == []


async def test_times_go_out_in_utc(crm: FakeCrm, calendar: HttpCalendar) -> None:
    await calendar.book(meeting(SPAN), "k1")
    assert json.loads(crm.asked[0].body)["from"] == "2026-11-24T08:00:00Z"


async def test_times_of_another_zone_are_understood(crm: FakeCrm, calendar: HttpCalendar) -> None:
    span = {"from": "2026-11-24T10:00:00.5+02:00", "until": "2026-11-24T11:00:00+02:00"}
    crm.misdeeds.append(json.dumps({"taken": [span]}).encode())
    assert await calendar.taken(SPAN) == [Span(MONDAY_10 + 500, MONDAY_10 + HOUR)]


async def test_of_two_who_want_the_same_time_one_gets_it(crm: FakeCrm, calendar: HttpCalendar) -> None:
    outcomes: list[str] = []

    async def want(number: int) -> None:
        try:
            await calendar.book(meeting(Span(MONDAY_10 + number, MONDAY_10 + HOUR + number)), f"k{number}")
            outcomes.append("booked")
        except Taken:
            outcomes.append("taken")

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(want, number)
    assert sorted(outcomes) == ["booked"] + ["taken"] * 7
