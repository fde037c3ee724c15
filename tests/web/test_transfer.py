"""Calls that are handed over, through the real front door and against Twilio's REST API."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import trio

from agentd.core.handover import Plan, To
from agentd.core.media_stream import Start
from agentd.core.opening import WEEKDAYS
from agentd.core.playbook import Playbook
from agentd.events import Private
from agentd.events_beside import DialEnded
from agentd.facts import CallFacts
from agentd.web.twilio_rest import TwilioRest
from tests.web.fake_api import ACCOUNT, AUTH_TOKEN, FakeApi, fake_api
from tests.web.house import BASE, House, call_form, house, token_in, twiml

OFFICE = Playbook(
    name="office",
    language="en-US",
    persona="",
    greeting="",
    phrases={"voicemail": ("Leave us a word.", "Please leave a message.")},
    transfer_to="+97231234567",
)
CLOSED = replace(OFFICE, hours={"sun": ()})
SUMMARY = Private("A flat in Haifa")


@asynccontextmanager
async def scene(**overrides: Any) -> AsyncIterator[tuple[House, FakeApi]]:
    async with fake_api(CA1="in-progress") as api:
        rest = TwilioRest(ACCOUNT, AUTH_TOKEN, api.url)
        async with house(rest, language_code="en-US", **overrides) as made:
            yield made, api
        await rest.aclose()


async def answered(made: House) -> CallFacts:
    """A call whose stream is live."""
    token = token_in(await made.post("/webhook/incoming_call", call_form()))
    return made.door.admissions.admit(Start("CA1", "MZ1", ACCOUNT, {"token": token}), made.door.clock())


def hand_over(made: House, facts: CallFacts, playbook: Playbook = OFFICE) -> Plan:
    return made.front.transfers.decide(facts, playbook, SUMMARY)


async def asked(made: House, status: str = "in-progress") -> ET.Element:
    return twiml(await made.post("/webhook/stream_ended", call_form(CallStatus=status)))


async def test_the_stored_document_is_the_answer_every_time_and_no_rest_call_is_needed() -> None:
    async with scene() as (made, api):
        facts = await answered(made)
        assert hand_over(made, facts) == Plan(To.PERSON, "+97231234567")
        made.door.admissions.ended(facts, made.door.clock())
        first, second = await asked(made), await asked(made)
        assert ET.tostring(first) == ET.tostring(second)
        assert first.find("Dial/Number").text == "+97231234567"
        assert first.find("Dial").get("action") == BASE + "/webhook/dial_ended"
        assert api.updates == []


async def test_a_stream_that_breaks_before_the_phrase_was_said_is_transferred_not_resumed() -> None:
    async with scene() as (made, _):
        facts = await answered(made)
        hand_over(made, facts)
        made.door.admissions.lost(facts, made.door.clock())
        assert (await asked(made)).find("Dial") is not None


async def test_twilio_is_told_when_it_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentd.web.transfer._ASKS_WITHIN_S", 0.2)
    monkeypatch.setattr("agentd.web.transfer._LOOK_S", 0.05)
    async with scene() as (made, api):
        facts = await answered(made)
        hand_over(made, facts)
        await trio.sleep(0.5)
        assert api.updates == []  # the phrase is still being said
        made.door.admissions.ended(facts, made.door.clock())
        with trio.fail_after(5):
            await api.wait_for_updates(1)
        assert ET.fromstring(api.updates[0][1]["Twiml"]).find("Dial/Number").text == "+97231234567"


async def test_outside_hours_the_caller_may_leave_a_message_which_is_attached_to_the_call() -> None:
    async with scene(fallback_number="+97239999999") as (made, _):
        facts = await answered(made)
        assert hand_over(made, facts, CLOSED) == Plan(To.VOICEMAIL, note="closed")
        made.door.admissions.ended(facts, made.door.clock())
        root = await asked(made)
        assert [child.tag for child in root] == ["Say", "Record"]
        assert root.find("Say").text == "Leave us a word."
        form = call_form(RecordingSid="RE1", RecordingStatus="completed", RecordingSource="RecordVerb")
        await made.post("/webhook/handle_recording", form)
        assert [(r.call_sid, r.recording_sid) for r in made.recordings] == [("CA1", "RE1")]


@pytest.mark.parametrize("number", ["+88212345678", "+1900555123", "0501234567"])
async def test_no_number_outside_the_prefixes_is_dialled(number: str) -> None:
    async with scene() as (made, api):
        facts = await answered(made)
        assert hand_over(made, facts, replace(OFFICE, transfer_to=number)).note == "number not allowed"
        assert (await asked(made)).find("Record") is not None
        assert (api.updates, api.dialled) == ([], [])


@pytest.mark.parametrize(
    "change", [{"timezone": "Mars/Base"}, {"timezone": "../etc"}, {"hours": dict.fromkeys(WEEKDAYS, ("nine",))}]
)
async def test_hours_that_nobody_can_read_mean_voicemail_and_never_a_crash(change: dict[str, Any]) -> None:
    async with scene() as (made, _):
        facts = await answered(made)
        assert hand_over(made, facts, replace(OFFICE, **change)) == Plan(To.VOICEMAIL, note="hours unreadable")


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        ("completed", []),
        ("answered", []),
        ("busy", ["Say", "Record"]),
        ("no-answer", ["Say", "Record"]),
        ("failed", ["Say", "Record"]),
    ],
)
async def test_when_the_person_does_not_answer_there_is_the_voicemail(status: str, verbs: list[str]) -> None:
    async with scene() as (made, _):
        form = call_form(CallStatus="in-progress", DialCallStatus=status)
        for _ in range(2):
            assert [child.tag for child in twiml(await made.post("/webhook/dial_ended", form))] == verbs
        ended = [event for event in made.events if isinstance(event, DialEnded)]
        assert {(e.call_sid, e.status, e.then) for e in ended} == {("CA1", status, "voicemail" if verbs else "done")}


async def test_a_caller_who_hung_up_while_it_rang_is_asked_for_no_message() -> None:
    async with scene() as (made, _):
        form = call_form(CallStatus="completed", DialCallStatus="no-answer")
        assert list(twiml(await made.post("/webhook/dial_ended", form))) == []


async def test_the_fallback_number_that_does_not_answer_leads_to_the_voicemail_too() -> None:
    async with scene(fallback_number="+97239999999") as (made, _):
        await answered(made)
        for _ in range(3):
            made.door.admissions._calls["CA1"].asked_at -= 10
            root = await asked(made)
        assert root.find("Dial").get("action") == BASE + "/webhook/dial_ended"


async def dialled(api: FakeApi) -> dict[str, str]:
    with trio.fail_after(5):
        while not api.dialled:
            await trio.sleep(0.01)
    return api.dialled[0]


async def test_a_warm_transfer_tells_the_person_first_and_meets_in_one_room() -> None:
    async with scene(warm_transfer=True) as (made, api):
        facts = await answered(made)
        assert hand_over(made, facts).to is To.PERSON_WARM
        made.door.admissions.ended(facts, made.door.clock())
        room = (await asked(made)).find("Dial/Conference").text
        call = await dialled(api)
        assert (call["To"], call["From"]) == ("+97231234567", "+97231234567")
        told = ET.fromstring(call["Twiml"])
        assert told.find("Say").text == SUMMARY.text
        assert told.find("Dial/Conference").text == room == "CA1"
        assert call["StatusCallback"] == BASE + "/webhook/person_called?call=CA1"
        assert len(api.dialled) == 1
        assert SUMMARY.text not in repr(made.events)


@pytest.mark.parametrize("live", [True, False])
async def test_a_person_who_does_not_answer_frees_the_caller_from_the_room(live: bool) -> None:
    async with scene(warm_transfer=True) as (made, api):
        facts = await answered(made)
        hand_over(made, facts)
        await dialled(api)
        if not live:
            made.door.admissions.ended(facts, made.door.clock())
            await asked(made)
        form = {"CallSid": "CAother", "CallStatus": "no-answer"}
        for _ in range(2):
            assert (await made.post("/webhook/person_called?call=CA1", form)).status_code == 204
        if not live:
            with trio.fail_after(5):
                await api.wait_for_updates(1)
            assert ET.fromstring(api.updates[0][1]["Twiml"]).find("Record") is not None
        assert (await asked(made)).find("Record") is not None
        assert len(api.updates) == (0 if live else 1)
        assert [e.status for e in made.events if isinstance(e, DialEnded)] == ["no-answer"]


async def test_a_person_who_took_the_call_changes_nothing_when_they_hang_up() -> None:
    async with scene(warm_transfer=True) as (made, api):
        facts = await answered(made)
        hand_over(made, facts)
        await made.post("/webhook/person_called?call=CA1", {"CallSid": "CAx", "CallStatus": "completed"})
        assert (await asked(made)).find("Dial/Conference") is not None
        assert api.updates == []


async def test_a_person_who_cannot_be_called_leads_to_the_voicemail() -> None:
    async with scene(warm_transfer=True) as (made, api):
        facts = await answered(made)
        api.refuse = [(400, 13224)]
        hand_over(made, facts)
        with trio.fail_after(5):
            while not any(isinstance(event, DialEnded) for event in made.events):
                await trio.sleep(0.01)
        assert (await asked(made)).find("Record") is not None


async def test_a_stranger_cannot_move_a_call_of_ours() -> None:
    async with scene(warm_transfer=True) as (made, api):
        await made.post("/webhook/person_called?call=CAnobody", {"CallSid": "CAx", "CallStatus": "busy"})
        assert (await made.post("/webhook/person_called", {"CallSid": "CAx", "CallStatus": "busy"})).status_code == 400
        assert [e for e in made.events if isinstance(e, DialEnded)] == []
        assert api.updates == []
