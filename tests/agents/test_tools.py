"""The thirteen tools, each at work in an office in memory, through the gate."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock

from agentd.agents.tool_result import capped
from agentd.agents.tool_schema import schema_of
from agentd.agents.tools import house_tools
from agentd.agents.tools.summary import put_together
from agentd.core.governor import Governor
from agentd.core.governor_manners import Manners
from agentd.core.governor_so_far import SaidSoFar
from agentd.core.policy import Agent, Effect
from agentd.core.speech import Message, ToolCall
from agentd.errors import EngineError
from agentd.events import Private
from agentd.office import Span
from agentd.testing.scripted import ScriptedLLM
from tests.agents.house import CALL, CALLER, PLAYBOOK, SUNDAY, House

NAMES = {
    "calls.log_create", "calls.attach_recording", "stt.get_last_transcript", "summary.generate", "calendar.find_slots",
    "calendar.create", "leads.upsert", "leads.tag", "whatsapp.send", "whatsapp.fetch_thread", "crm.search_customer",
    "crm.get", "crm.update",
}  # fmt: skip
RECORDING = "RE" + "a" * 32


class Inner(msgspec.Struct):
    x: int


class Outer(msgspec.Struct):
    """Not for models."""

    inner: list[Inner]


class Row(msgspec.Struct):
    text: str


class Rows(msgspec.Struct):
    rows: list[Row]
    note: str = ""


class Numbers(msgspec.Struct):
    by: dict[int, int]


def test_they_are_the_thirteen_and_say_what_they_change() -> None:
    tools = {tool.name: tool for tool in house_tools()}
    assert tools.keys() == NAMES
    assert {name for name, tool in tools.items() if tool.effect is Effect.READ} == {
        "stt.get_last_transcript", "calendar.find_slots", "whatsapp.fetch_thread", "crm.search_customer", "crm.get",
    }  # fmt: skip
    assert {name for name, tool in tools.items() if tool.effect is Effect.OUTSIDE} == {"whatsapp.send"}


@pytest.mark.parametrize("tool", house_tools(), ids=lambda tool: tool.name)
def test_every_schema_is_one_object_without_references(tool: Any) -> None:
    for kind in (tool.arguments, tool.result):
        schema = schema_of(kind)
        assert schema["type"] == "object"
        assert "$ref" not in json.dumps(schema)
        assert "$defs" not in schema
    schema = schema_of(tool.arguments)
    assert schema["additionalProperties"] is False
    assert all("description" in field for field in schema["properties"].values())
    assert tool.arguments.__struct_config__.frozen
    assert tool.deadline_s <= 15


def test_a_schema_holds_what_is_nested_in_place() -> None:
    assert schema_of(Outer) == {
        "type": "object",
        "properties": {
            "inner": {
                "type": "array",
                "items": {
                    "title": "Inner", "type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"],
                },
            }
        },
        "required": ["inner"],
    }  # fmt: skip


def test_a_result_is_shortened_where_it_is_longest() -> None:
    many = json.loads(capped(Rows([Row("x" * 50) for _ in range(500)], "kept")))
    assert many["note"] == "kept"
    assert 10 < len(many["rows"]) < 500
    one = msgspec.json.decode(capped(Rows([Row("short"), Row("y" * 9000)])), type=Rows)
    assert one.rows[0].text == "short"
    assert one.rows[1].text.endswith("…")

    with pytest.raises(ValueError, match="nothing that can be cut"):
        capped(Numbers({n: n for n in range(5000)}))


# --- leads, customers, messages, the log


async def test_a_lead_is_kept_and_tagged(autojump_clock: MockClock) -> None:
    house = House()
    call = house.conversation()
    kept = await call.get("leads.upsert", name="Dana", slots={"area": "Haifa"}, summary="A flat.")
    await call.get("leads.tag", lead_id=kept["lead_id"], tags=["hot"])
    await call.get("leads.tag", tags=["sea"])
    await call.get("leads.upsert", slots={"phone": "0501234567"})
    [lead] = house.office.leads.values()
    assert (lead.name.text, lead.summary.text, lead.playbook) == ("Dana", "A flat.", "office")
    assert lead.slots == {"area": "Haifa", "phone": "0501234567"}
    assert lead.tags == ("hot", "sea")
    refused = await call.ask("leads.upsert", slots={"colour": "red"})
    assert "colour, which is none of: area, phone" in refused.result
    assert set(kept) == {"lead_id", "phone"}  # nothing of what was there before


async def test_without_a_lead_there_is_none_to_tag(autojump_clock: MockClock) -> None:
    assert "use leads.upsert" in (await House().conversation().ask("leads.tag", tags=["x"])).result


async def test_the_caller_is_looked_up_and_changed(autojump_clock: MockClock) -> None:
    house = House()
    desk = house.conversation(Agent.BACK_OFFICE)
    assert (await desk.get("crm.search_customer")) == {"customers": []}
    assert "does not know the caller" in (await desk.ask("crm.get")).result
    house.office.customer("+972521112222", name="Somebody else")
    dana = house.office.customer(CALLER, name="Dana")
    assert [c["customer_id"] for c in (await desk.get("crm.search_customer"))["customers"]] == [dana.id]
    await desk.get("crm.update", changes={"email": "dana@example.org"})
    await desk.get("crm.update", customer_id=dana.id, changes={"notes": "likes the sea"})
    known = await desk.get("crm.get", customer_id=dana.id)
    assert known == await desk.get("crm.get")
    assert (known["name"], known["email"], known["notes"]) == ("Dana", "dana@example.org", "likes the sea")
    house.office.customers.clear()
    assert "no such customer" in (await desk.ask("crm.get", customer_id=dana.id)).result


async def test_a_message_goes_to_the_caller_and_stands_in_the_thread(autojump_clock: MockClock) -> None:
    house = House()
    chat = house.conversation(Agent.WHATSAPP, call_sid="")
    chat.caller("send it to 052-111-2222 as well")
    assert (await chat.get("whatsapp.send", text="Good evening!"))["status"] == "queued"
    await chat.get("whatsapp.send", text="Hello from the office.", to="0521112222")
    assert [note.phone.text for note in house.office.notes] == [CALLER, "+972521112222"]
    await trio.sleep(60)
    assert (await chat.get("whatsapp.fetch_thread")) == {
        "messages": [{"ours": True, "text": "Good evening!", "at": "2026-03-01T08:00"}]
    }
    house.office.messaging = False
    other = house.conversation(call_sid="CA-other")
    assert "of no use" in (await other.ask("whatsapp.send", text="Hi.")).result


async def test_the_log_of_the_call(autojump_clock: MockClock) -> None:
    house = House()
    house.office.transcripts[CALL] = [("caller", "a flat"), ("agent", "where?"), ("caller", "Haifa")]
    desk = house.conversation(Agent.BACK_OFFICE, recordings=[RECORDING])
    await desk.get("calls.log_create", note="call back")
    await desk.get("calls.attach_recording", recording_sid=RECORDING)
    lines = (await desk.get("stt.get_last_transcript", lines=2))["lines"]
    assert lines == [{"who": "agent", "text": "where?"}, {"who": "caller", "text": "Haifa"}]
    assert house.office.logs == [(CALL, "call back")]
    assert house.office.recordings == [(CALL, RECORDING)]
    nowhere = house.conversation(Agent.BACK_OFFICE, call_sid="")
    assert "no call here" in (await nowhere.ask("stt.get_last_transcript")).result


# --- summaries


async def test_a_summary_without_a_model_is_put_together_and_kept(autojump_clock: MockClock) -> None:
    house = House()
    house.office.transcripts[CALL] = [("caller", "a flat in Haifa"), ("agent", "Gladly.")]
    desk = house.conversation(Agent.BACK_OFFICE)
    text = (await desk.get("summary.generate", slots={"area": "Haifa"}))["summary"]
    assert text == "Known: area: Haifa. At the end: Caller: a flat in Haifa / We: Gladly."
    assert house.office.summaries == {CALL: text}
    await desk.get("summary.generate", text="My own words.")
    assert house.office.summaries == {CALL: "My own words."}


def test_the_summary_speaks_the_playbooks_language_and_has_a_length() -> None:
    assert put_together({"area": "חיפה"}, [("caller", "דירה")], "he-IL") == "נמסר: area: חיפה. בסוף השיחה: פונה: דירה"
    assert put_together({}, [], "he-IL") == "לא נאמר דבר."
    assert len(put_together({}, [("caller", "x" * 5000)], "en")) == 1000


async def test_a_model_writes_the_summary_and_one_that_fails_is_done_without(autojump_clock: MockClock) -> None:
    house = House(llm=ScriptedLLM(replies=["They want a flat."]))
    house.office.transcripts[CALL] = [("caller", "a flat")]
    desk = house.conversation(Agent.BACK_OFFICE)
    assert (await desk.get("summary.generate"))["summary"] == "They want a flat."

    broken = House(llm=_Broken())
    broken.office.transcripts[CALL] = [("caller", "a flat")]
    assert (await broken.conversation(Agent.BACK_OFFICE).get("summary.generate"))["summary"].startswith("At the end")


class _Broken:
    @trio.as_safe_channel
    async def reply(self, prompt: Any) -> Any:
        raise EngineError("down")
        yield


# --- windows that may be said


def governed(reply: str, language: str, result: str, tool: str = "calendar.find_slots") -> tuple[str, list[str]]:
    playbook = replace(
        PLAYBOOK, language=language, phrases={"not-known": ("I would have to check.", "Let me check.")}, slots=()
    )
    manners = Manners(playbook, first_words=24, max_chars=420, today=date(2026, 3, 1))
    messages = [Message("caller", "hello"), Message("agent", "hi"), Message("caller", "let us meet")]
    messages.append(Message("tool", result, ToolCall("c", tool, {})))
    governor = Governor(manners.rules(messages, 0, SaidSoFar()))
    said = governor.feed(reply) + governor.finish()
    return " ".join(said), [act.why for act in governor.acts]


@pytest.mark.parametrize(
    ("language", "offers", "invents"),
    [
        (
            "en-IL",
            [
                "I have Tuesday at 10:00, 9:30 or 10:30. Which suits you?",
                "Tuesday, March 3 at 10:00, is that good?",
                "I can offer March 3 at ten, or half past ten. Which one?",
            ],
            [
                "I have Tuesday at 11:00 free. Does that suit you?",
                "You can come on Wednesday. Is that good?",
                "March 9 at 10:00 is free. Shall we?",
            ],
        ),
        (
            "he-IL",
            [
                "יש ביום שלישי בשעה 10:00, ב-9:30 או ב-10:30. מה נוח?",
                "יום שלישי, 3 במרץ, בשעה 10:00. מתאים?",
                "אפשר ביום שלישי בעשר או בעשר וחצי. מה עדיף?",
            ],
            [
                "יש ביום שלישי בשעה 11:00. מתאים?",
                "אפשר לבוא ביום רביעי. מתאים?",
                "ב-9 במרץ בשעה 10:00 פנוי. לקבוע?",
            ],
        ),
    ],
)
async def test_a_reply_may_offer_the_windows_found_and_no_others(
    autojump_clock: MockClock, language: str, offers: list[str], invents: list[str]
) -> None:
    house = House()
    call = house.conversation(playbook=replace(PLAYBOOK, language=language))
    result = (await call.ask("calendar.find_slots", wish_day="2026-03-03", wish_time="10:00")).result
    for reply in offers:
        assert governed(reply, language, result) == (reply, []), reply
    for reply in invents:
        said, acts = governed(reply, language, result)
        assert acts, (reply, said)
        assert reply not in said


async def test_a_booking_may_be_read_back_and_written(autojump_clock: MockClock) -> None:
    for language, reply in (
        ("en-IL", "It is booked: Tuesday, March 3 at 10:00."),
        ("he-IL", "קבעתי ליום שלישי, 3 במרץ, בשעה 10:00."),
    ):
        house = House()
        call = house.conversation(playbook=replace(PLAYBOOK, language=language))
        await call.get("calendar.find_slots", wish_day="2026-03-03", wish_time="10:00")
        result = (await call.ask("calendar.create", start="2026-03-03T10:00")).result
        assert governed(reply, language, result, "calendar.create") == (reply, [])
        await call.get("whatsapp.send", text=reply)
        assert await call.refused("whatsapp.send", text=reply.replace("10:00", "11:00")) == "untrue"


async def test_taken_time_is_not_found_and_cannot_be_booked_twice(autojump_clock: MockClock) -> None:
    house = House()
    one, two = house.conversation(call_sid="CA-one"), house.conversation(call_sid="CA-two", caller="+972521112222")
    for call in (one, two):
        found = await call.get("calendar.find_slots", wish_day="2026-03-03", wish_time="10:00")
        assert found["windows"][0]["start"] == "2026-03-03T10:00"
    await one.get("calendar.create", start="2026-03-03T10:00")
    assert "taken a moment ago" in (await two.ask("calendar.create", start="2026-03-03T10:00")).result
    found = await two.get("calendar.find_slots", wish_day="2026-03-03", wish_time="10:00")
    assert not found["exact"]
    assert "2026-03-03T10:00" not in {window["start"] for window in found["windows"]}


async def test_a_number_has_three_meetings_ahead_at_most_however_often_it_calls(autojump_clock: MockClock) -> None:
    house = House()
    for n in range(3):
        call = house.conversation(call_sid=f"CA-{n}")
        found = await call.get("calendar.find_slots")
        await call.get("calendar.create", start=found["windows"][0]["start"])
    again = await call.get("calendar.create", start=found["windows"][0]["start"])
    assert again["start"] == found["windows"][0]["start"]
    fourth = house.conversation(call_sid="CA-4")
    found = await fourth.get("calendar.find_slots")
    assert "several meetings ahead" in (await fourth.ask("calendar.create", start=found["windows"][0]["start"])).result
    assert len(house.office.meetings) == 3


async def test_a_full_calendar_has_no_windows_and_the_past_cannot_be_booked(autojump_clock: MockClock) -> None:
    house = House()
    call = house.conversation()
    await call.get("calendar.find_slots")
    await trio.sleep(3 * 86400)
    assert "no time to come" in (await call.ask("calendar.create", start="2026-03-01T09:00")).result
    house.office.meeting(Span(0, round(SUNDAY * 1000) + 10**11), with_phone=Private("").text)
    assert await call.get("calendar.find_slots") == {"windows": [], "exact": False}
