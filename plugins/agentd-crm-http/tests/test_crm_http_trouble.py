"""A CRM that is slow, breaks off, refuses, or talks nonsense; and that each effect is made once."""

from __future__ import annotations

import gc
import json
import logging

import pytest
import trio
from agentd_crm_http.access import Access
from agentd_crm_http.client import MOST_BYTES, CrmClient
from agentd_crm_http.fake_crm import FakeCrm, Misdeed
from agentd_crm_http.fake_records import Reply, refused
from agentd_crm_http.office import HttpCalendar, HttpCrm

from agentd.events import Private
from agentd.office import LeadDraft, MeetingDraft, NotAllowed, OfficeError, Span, Taken, Unknown

DRAFT = LeadDraft(Private("+972501234567"), "real-estate", name=Private("Dana Levi"))
MEETING = MeetingDraft(Span(0, 3_600_000), "A visit", Private("+972501234567"))
SECRETS = ("0501234567", "Dana", "crm-secret", "972501234567")


def is_discreet(error: BaseException) -> bool:
    chain = [str(error), str(error.__cause__)]
    return not any(secret in text for secret in SECRETS for text in chain)


# --- once


@pytest.mark.parametrize("misdeed", [Misdeed.CUT_BEFORE, Misdeed.CUT_AFTER, refused(503, "busy"), refused(429, "")])
async def test_what_breaks_off_is_asked_again_with_the_same_key_and_done_once(
    crm: FakeCrm, customers: HttpCrm, calendar: HttpCalendar, misdeed: Misdeed | Reply
) -> None:
    crm.misdeeds.append(misdeed)
    lead = await customers.upsert_lead(DRAFT, "call-1/lead")
    crm.misdeeds.append(misdeed)
    meeting = await calendar.book(MEETING, "call-1/meeting")
    assert [asked.headers["idempotency-key"] for asked in crm.asked] == ["call-1/lead"] * 2 + ["call-1/meeting"] * 2
    assert list(crm.records.leads) == [lead.id]
    assert list(crm.records.meetings) == [meeting.id]


async def test_the_same_key_much_later_returns_what_the_first_returned(crm: FakeCrm, customers: HttpCrm) -> None:
    known = crm.records.add_customer("+972501234567")
    first = await customers.update(known, {"notes": "Once."}, "k")
    await customers.update(known, {"notes": "More."}, "k2")
    assert await customers.update(known, {"notes": "Once."}, "k") == first
    assert crm.records.customers[known]["notes"] == "Once.\nMore."


async def test_a_key_that_fits_no_header_goes_as_its_digest(crm: FakeCrm, customers: HttpCrm) -> None:
    await customers.upsert_lead(DRAFT, "שיחה\r\nX: y")
    await customers.upsert_lead(DRAFT, "שיחה\r\nX: y")
    first, second = (asked.headers["idempotency-key"] for asked in crm.asked)
    assert first == second
    assert len(first) == 64
    assert len(crm.records.done) == 1


async def test_reads_carry_no_key(crm: FakeCrm, customers: HttpCrm) -> None:
    await customers.search(phone="x")
    assert "idempotency-key" not in crm.asked[0].headers


async def test_a_booking_that_was_refused_may_be_asked_for_again_with_its_key(
    crm: FakeCrm, calendar: HttpCalendar
) -> None:
    first = await calendar.book(MEETING, "k1")
    with pytest.raises(Taken):
        await calendar.book(MEETING, "k2")
    crm.records.meetings[first.id]["status"] = "cancelled"
    assert (await calendar.book(MEETING, "k2")).id != first.id


async def test_a_text_that_cannot_be_sent_is_refused_for_good(crm: FakeCrm, customers: HttpCrm) -> None:
    with pytest.raises(NotAllowed):
        await customers.upsert_lead(LeadDraft(Private("+972501234567"), "x", name=Private("\ud800")), "k")
    assert crm.asked == []


# --- what a refusal means


@pytest.mark.parametrize(
    ("reply", "kind", "says", "tries"),
    [
        (refused(404, "unknown"), Unknown, "404 unknown", 1),
        (refused(409, "conflict"), OfficeError, "409 conflict", 1),
        (refused(422, "no-consent"), NotAllowed, "422 no-consent", 1),
        (refused(400, "bad-request"), NotAllowed, "400", 1),
        (refused(401, "no-token"), OfficeError, "CRM_HTTP_TOKEN", 1),
        (refused(403, ""), OfficeError, "403", 1),
        (Reply(302, {}), OfficeError, "CRM_HTTP_URL", 1),
        (refused(429, "rate"), OfficeError, "429 rate", 3),
        (refused(408, ""), OfficeError, "408", 3),
        (refused(500, ""), OfficeError, "500", 3),
        (refused(503, "0501234567"), OfficeError, "503", 3),
    ],
)
async def test_a_refusal_is_the_offices_own_error(
    crm: FakeCrm, customers: HttpCrm, reply: Reply, kind: type[OfficeError], says: str, tries: int
) -> None:
    known = crm.records.add_customer("+972501234567")
    crm.misdeeds.extend([reply] * 3)
    with pytest.raises(OfficeError, match=says) as caught:
        await customers.update(known, {"name": "Dana"}, "k")
    assert type(caught.value) is kind
    assert is_discreet(caught.value)
    assert len(crm.asked) == tries


async def test_an_address_that_is_wrong_is_no_unknown_customer(crm: FakeCrm) -> None:
    elsewhere = HttpCrm(CrmClient(Access(crm.url + "/v9", crm.token)))
    with pytest.raises(OfficeError, match="CRM_HTTP_URL") as caught:
        await elsewhere.search(phone="x")
    assert type(caught.value) is OfficeError


async def test_a_wrong_token_is_told_by_its_setting(crm: FakeCrm) -> None:
    stranger = HttpCrm(CrmClient(Access(crm.url, "wrong")))
    with pytest.raises(OfficeError, match="CRM_HTTP_TOKEN"):
        await stranger.get("x")


async def test_who_wants_to_be_left_alone_for_long_is(crm: FakeCrm, customers: HttpCrm) -> None:
    crm.headers.append(("retry-after", "30"))
    crm.misdeeds.append(refused(503, "busy"))
    with pytest.raises(OfficeError):
        await customers.search(phone="x")
    assert len(crm.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Dana Levi</html>",
        b"[]",
        b"{}",
        b'{"customers": 7}',
        b'{"customers": [{"id": 7}]}',
        b'{"customers": [{"id": "1", "phone": "\xff"}]}',
        b'{"customers": [' * 5000,
    ],
    ids=range(8),
)
async def test_nonsense_is_an_error_and_is_not_asked_for_again(crm: FakeCrm, customers: HttpCrm, body: bytes) -> None:
    crm.misdeeds.append(body)
    with pytest.raises(OfficeError, match="makes no sense") as caught:
        await customers.search(phone="x")
    assert is_discreet(caught.value)
    assert len(crm.asked) == 1


@pytest.mark.parametrize("time", ["2026-11-24T08:00:00", "24.11.2026", "1795507200", "0000-00-00T00:00:00Z"])
async def test_a_time_without_a_zone_or_that_is_none_is_nonsense(
    crm: FakeCrm, calendar: HttpCalendar, time: str
) -> None:
    crm.misdeeds.append(json.dumps({"taken": [{"from": time, "until": "2026-11-24T08:00:00Z"}]}).encode())
    with pytest.raises(OfficeError, match="makes no sense"):
        await calendar.taken(Span(0, 1))


async def test_an_answer_without_end_is_cut_off_and_the_next_one_read(crm: FakeCrm, customers: HttpCrm) -> None:
    crm.misdeeds.append(Misdeed.FLOOD)
    with trio.fail_after(10), pytest.raises(OfficeError, match=str(MOST_BYTES)):
        await customers.search(phone="x")
    assert await customers.search(phone="x") == []
    gc.collect()  # what is left half-way of a stream would warn here


async def test_nobody_there_is_an_error_after_three_tries() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    client = CrmClient(Access(f"http://127.0.0.1:{port}/agentd", ""), pauses_s=(0.0, 0.0))
    with pytest.raises(OfficeError, match="cannot be reached"):
        await HttpCrm(client).get("x")


async def test_an_address_that_only_looks_like_one_is_an_error(client: CrmClient) -> None:
    with pytest.raises(OfficeError, match="cannot be reached"):
        await HttpCrm(CrmClient(Access("https://exa mple\x00.com", ""), pauses_s=())).get("x")


# --- time


async def test_a_cancel_closes_the_connection_and_the_key_finds_out_what_was_done(
    crm: FakeCrm, customers: HttpCrm
) -> None:
    for _ in range(30):  # more than the pool has connections: a leak would be the end
        crm.misdeeds.append(Misdeed.STALL)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(customers.upsert_lead, DRAFT, "k")
            before = len(crm.asked)
            with trio.fail_after(5):
                while len(crm.asked) == before:
                    await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
    with trio.fail_after(5):
        while crm.gone < 30:
            await trio.sleep(0.001)
        lead = await customers.upsert_lead(DRAFT, "k")
    assert list(crm.records.leads) == [lead.id]
    gc.collect()


async def test_no_address_is_logged(crm: FakeCrm, customers: HttpCrm, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await customers.get("972501234567")
    assert not [record for record in caplog.records if "972501234567" in record.getMessage()]
