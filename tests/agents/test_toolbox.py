"""The gate at work: judged, recorded, asked about, run, recorded; and whatever can go wrong on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec
import pytest
import trio
from trio.testing import MockClock

from agentd.agents.no_whatsapp import NoWhatsApp
from agentd.core.approvals import Decision
from agentd.core.policy import Agent, Effect
from agentd.core.speech import ToolCall
from agentd.errors import ConfigError
from agentd.events import ApprovalAsked, ApprovalOver, PluginFailure, ToolAsked, ToolOver
from agentd.office import NotAllowed, OfficeError, Span, Taken, Unknown
from agentd.testing.ledger import MemoryLedger
from agentd.testing.office import MemoryOffice
from agentd.tools import Tool, ToolError, ToolRun
from tests.agents.house import CALL, CALLER, PLAYBOOK, SUNDAY, House, wait_for


class Word(msgspec.Struct, frozen=True):
    word: str = ""


Run = Callable[[Word, ToolRun], Awaitable[msgspec.Struct]]


def tool(run: Run, effect: Effect = Effect.READ, deadline_s: float = 5.0, name: str = "test.word") -> Tool:
    return Tool(name, "A tool of the test's.", Word, Word, run, effect, deadline_s)


ALL = replace(PLAYBOOK, agents={"voice": ("test.word", "calendar.find_slots", "crm.update", "whatsapp.send")})


async def echo(arguments: Word, run: ToolRun) -> Word:
    return arguments


def test_without_a_whatsapp_account_no_message_is_offered() -> None:
    house = House()
    assert "whatsapp.send" in house.boxes.allowed(Agent.VOICE, ALL)
    house.boxes.office = replace(house.boxes.office, messenger=NoWhatsApp())
    assert house.boxes.allowed(Agent.VOICE, ALL) == ("test.word", "calendar.find_slots", "crm.update")
    assert not any(name.startswith("whatsapp.") for name in house.boxes.allowed(Agent.BACK_OFFICE, PLAYBOOK))


# --- the way through


async def test_a_meeting_is_found_booked_and_on_record(autojump_clock: MockClock) -> None:
    house = House()
    call = house.conversation()
    found = await call.get("calendar.find_slots", wish_day="2026-03-03", wish_time="10:00")
    assert found["exact"]
    assert [w["start"] for w in found["windows"]] == ["2026-03-03T10:00", "2026-03-03T09:30", "2026-03-03T10:30"]
    await trio.sleep(1)
    booked = await call.get("calendar.create", start="2026-03-03T10:00", name="Dana")
    assert booked["say"] == "Tuesday, March 3 at 10:00"
    [meeting] = house.office.meetings.values()
    assert (meeting.with_phone.text, meeting.with_name.text, meeting.title) == (CALLER, "Dana", "Viewing")
    assert meeting.span.from_ms / 1000 == SUNDAY + 2 * 86400 + 2 * 3600
    find, create = await call.rows()
    assert (find.tool, find.effect, find.ruling, find.rule, find.outcome) == (
        "calendar.find_slots", "read", "allow", "allowed", "ok",
    )  # fmt: skip
    assert (create.agent, create.call_sid, create.turn, create.outcome) == ("voice", CALL, 1, "ok")
    assert json.loads(create.arguments.text)["start"] == "2026-03-03T10:00"
    assert json.loads(create.result.text) == booked
    assert house.rulings()[1] == ("calendar.create", "allow", "allowed")
    assert house.outcomes() == [("calendar.find_slots", "ok"), ("calendar.create", "ok")]


async def test_the_same_call_twice_is_one_effect_with_one_result(autojump_clock: MockClock) -> None:
    house = House()
    call = house.conversation()
    await call.get("calendar.find_slots")
    first = await call.get("calendar.create", start="2026-03-01T09:00")
    again = await call.get("calendar.create", phone="", start="2026-03-01T09:00")
    assert first == again
    assert house.office.effects == [("book", CALLER)]
    keys = [row.key for row in await call.rows() if row.tool == "calendar.create"]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    other = house.conversation(call_sid="CA" + "2" * 32)
    await other.get("leads.upsert", tags=["a"])
    await call.get("leads.upsert", tags=["a"])
    assert house.office.effects[1:] == [("lead", CALLER), ("lead", CALLER)]  # another call, another key


async def test_the_verdict_is_on_record_before_the_tool_runs(autojump_clock: MockClock) -> None:
    seen = []

    async def look(arguments: Word, run: ToolRun) -> Word:
        seen.extend(await house.ledger.tool_calls(CALL))
        return arguments

    house = House([("test", tool(look, Effect.OURS))])
    await house.conversation(playbook=ALL).get("test.word", word="x")
    [row] = seen
    assert (row.ruling, row.outcome) == ("allow", "")


def test_a_model_is_offered_the_agents_tools_and_none_when_they_are_switched_off() -> None:
    house = House([("test", tool(echo))])
    voice, back_office = house.conversation().desk, house.conversation(Agent.BACK_OFFICE).desk
    assert [offer.name for offer in voice.offers][:2] == ["calendar.find_slots", "calendar.create"]
    assert len(voice.offers) == 8
    assert len(back_office.offers) == 13
    assert "test.word" not in {offer.name for offer in back_office.offers}  # a plugin's tool is for those who name it
    assert house.conversation(playbook=ALL).desk.offers[0].name == "test.word"
    assert House(agents_enabled=False).conversation().desk.offers == ()
    assert (voice.effect("whatsapp.send"), voice.effect("no.such")) == (Effect.OUTSIDE, Effect.READ)


async def test_tools_that_are_switched_off_are_denied_too(autojump_clock: MockClock) -> None:
    house = House(agents_enabled=False)
    assert await house.conversation().refused("calendar.find_slots") == "agents-off"


async def test_what_a_model_makes_up_is_denied_and_its_words_stay_out_of_the_record(autojump_clock: MockClock) -> None:
    house = House()
    call = house.conversation()
    assert await call.refused("leads.delete", lead_id="1") == "unknown-tool"
    assert await call.refused("call +972521112222 now") == "unknown-tool"
    assert [tool for tool, _, _ in house.rulings()] == ["leads.delete", "unknown"]
    assert "521112222" not in repr(await call.rows()) + repr(house.events)


async def test_wrong_arguments_are_named_with_the_cure(autojump_clock: MockClock) -> None:
    house = House()
    call = house.conversation()
    answer = await call.ask("calendar.find_slots", wish_time=10)
    error = json.loads(answer.result)["error"]
    assert "`$.wish_time`" in error
    assert "wish_day, wish_time, part_of_day" in error
    assert "unknown field `when`" in (await call.ask("calendar.find_slots", when="now")).result
    assert house.rulings() == [("calendar.find_slots", "deny", "arguments")] * 2
    assert (await call.ask("calendar.find_slots", wish_day="2026-02-31")).result.startswith(
        '{"error":"There is no such'
    )
    assert not (await call.ask("test.nothing", x={1, 2})).ok  # no JSON at all


# --- the ledger


async def test_without_a_ledger_only_reading_goes_on(autojump_clock: MockClock) -> None:
    house = House()
    call = house.conversation()
    await call.get("calendar.find_slots")
    house.ledger.broken = "disk full"
    assert (await call.ask("calendar.find_slots")).ok
    assert await call.refused("calendar.create", start="2026-03-01T09:00") == "no-record"
    assert await call.refused("leads.delete") == "unknown-tool"
    fresh = house.conversation()
    assert (await fresh.ask("calendar.find_slots")).ok
    assert await fresh.refused("leads.upsert") == "no-record"
    assert house.office.effects == []
    house.ledger.broken = ""
    await call.get("calendar.create", start="2026-03-01T09:00")
    await fresh.get("leads.upsert")


class DropsVerdicts(MemoryLedger):
    """Can be read, and not written."""

    async def tool_judged(self, row: object) -> None:
        from agentd.storage import StoreError

        raise StoreError("read only")


async def test_a_verdict_that_cannot_be_written_stops_what_has_an_effect(autojump_clock: MockClock) -> None:
    house = House(ledger=DropsVerdicts())
    call = house.conversation()
    assert (await call.ask("crm.search_customer")).ok
    assert await call.refused("leads.upsert") == "no-record"
    assert house.office.effects == []


async def test_a_call_that_is_resumed_knows_what_it_has_done_and_found(autojump_clock: MockClock) -> None:
    house = House()
    first = house.conversation()
    await first.get("calendar.find_slots")
    for word in "abcde":
        await first.get("leads.upsert", tags=[word])
    resumed = house.conversation()
    assert await resumed.refused("leads.upsert", tags=["f"]) == "too-many-effects"
    await resumed.get("leads.upsert", tags=["e"])  # the same again is no sixth
    await resumed.get("calendar.create", start="2026-03-01T09:00")


async def test_a_chat_without_a_call_goes_on_where_it_was(autojump_clock: MockClock) -> None:
    house = House()
    await house.conversation(Agent.WHATSAPP, call_sid="").get("calendar.find_slots")
    later = house.conversation(Agent.WHATSAPP, call_sid="")
    await later.get("calendar.create", start="2026-03-01T09:00")
    assert {row.call_sid for row in await later.rows()} == {"thread"}
    offered = {offer.name for offer in later.desk.offers}
    assert "whatsapp.fetch_thread" in offered
    assert not any(name.startswith(("calls.", "stt.")) for name in offered)  # there is no call


async def test_the_back_office_knows_what_the_caller_said(autojump_clock: MockClock) -> None:
    house = House()
    house.office.transcripts[CALL] = [("caller", "my number is 052 111 2222"), ("agent", "or 053-333 4444?")]
    desk = house.conversation(Agent.BACK_OFFICE)
    await desk.get("leads.upsert", phone="0521112222")
    assert await desk.refused("leads.upsert", phone="0533334444") == "foreign-number"


# --- limits


async def test_two_at_once_do_not_pass_a_limit_together(autojump_clock: MockClock) -> None:
    house = House()
    house.office.delay_s = 1.0
    call = house.conversation()
    await call.get("whatsapp.send", text="one")
    async with trio.open_nursery() as nursery:
        for text in ("two", "three"):
            nursery.start_soon(lambda text=text: call.ask("whatsapp.send", text=text))
    assert len(house.office.notes) == 2
    assert [rule for _, _, rule in house.rulings()].count("too-many-effects") == 1


async def test_the_house_sends_so_many_messages_a_day(autojump_clock: MockClock) -> None:
    house = House(tool_sends_per_day=3)
    house.office.delay_s = 1.0
    one, two = house.conversation(call_sid="CA-one"), house.conversation(call_sid="CA-two", caller="+972521112222")
    await one.get("whatsapp.send", text="a")
    await two.get("whatsapp.send", text="b")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: one.ask("whatsapp.send", text="c"))
        nursery.start_soon(lambda: two.ask("whatsapp.send", text="d"))
    assert len(house.office.notes) == 3
    assert [rule for _, _, rule in house.rulings()].count("too-many-today") == 1
    await trio.sleep(24 * 3600)
    await house.conversation(call_sid="CA-next").get("whatsapp.send", text="e")


# --- a person decides


async def decide(house: House, decision: Decision) -> None:
    await wait_for(lambda: bool(house.of(ApprovalAsked)))
    [row] = await house.ledger.approvals(state="pending")
    await house.approvals.answer(row.id, decision, row.digest, "Noa")


async def test_what_the_operator_lists_waits_for_a_person_who_approves(autojump_clock: MockClock) -> None:
    house = House(tools_ask="whatsapp.send")
    call = house.conversation()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(decide, house, Decision.APPROVE)
        await call.get("whatsapp.send", text="hello")
    assert house.rulings() == [("whatsapp.send", "ask", "listed")]
    assert house.outcomes() == [("whatsapp.send", "ok")]
    assert [event.state for event in house.of(ApprovalOver)] == ["used"]
    assert house.office.effects == [("send", CALLER)]


@pytest.mark.parametrize(("decision", "pending"), [(Decision.DENY, False), (None, True)])
async def test_a_no_and_no_answer_are_both_a_no(
    autojump_clock: MockClock, decision: Decision | None, pending: bool
) -> None:
    house = House()
    house.office.customer(CALLER)
    call = house.conversation(Agent.BACK_OFFICE, replace(PLAYBOOK, phrases={"not-known": ("We will see to it.",)}))
    async with trio.open_nursery() as nursery:
        if decision is not None:
            nursery.start_soon(decide, house, decision)
        answer = await call.ask("crm.update", changes={"credit": "9000"})
    assert (answer.ok, answer.pending) == (False, pending)
    assert json.loads(answer.result).get("say") == ("We will see to it." if pending else None)
    assert house.rulings() == [("crm.update", "ask", "unusual-field")]
    assert house.outcomes() == [("crm.update", "denied")]
    assert house.office.effects == []


async def test_the_end_of_the_conversation_ends_the_wait(autojump_clock: MockClock) -> None:
    house = House(tools_ask="whatsapp.send")
    call = house.conversation()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: call.ask("whatsapp.send", text="hello"))
        await trio.sleep(1)
        await call.desk.aclose()
    assert house.outcomes() == [("whatsapp.send", "cancelled")]
    assert [event.state for event in house.of(ApprovalOver)] == ["void"]
    assert house.office.effects == []


async def test_a_cancel_ends_the_wait(autojump_clock: MockClock) -> None:
    house = House(tools_ask="whatsapp.send")
    call = house.conversation()
    with trio.move_on_after(1) as scope:
        await call.ask("whatsapp.send", text="hello")
    assert scope.cancelled_caught
    assert house.outcomes() == [("whatsapp.send", "cancelled")]
    assert [(row.ruling, row.outcome) for row in await call.rows()] == [("ask", "cancelled")]
    assert house.office.effects == []


async def test_a_question_that_cannot_be_written_is_a_no(autojump_clock: MockClock) -> None:
    class NoQuestions(MemoryLedger):
        async def ask(self, row: object) -> None:
            self.broken = "gone"
            await self._checkpoint()

    house = House(ledger=NoQuestions(), tools_ask="whatsapp.send")
    assert not (await house.conversation().ask("whatsapp.send", text="hello")).ok
    assert house.office.effects == []


# --- time and cancels


async def test_a_tool_that_is_too_slow_is_given_up(autojump_clock: MockClock) -> None:
    async def slow(arguments: Word, run: ToolRun) -> Word:
        await trio.sleep(3600)
        return arguments

    house = House([("test", tool(slow, deadline_s=2.0))])
    began = trio.current_time()
    answer = await house.conversation(playbook=ALL).ask("test.word")
    assert trio.current_time() - began == pytest.approx(2.0)
    assert json.loads(answer.result) == {"error": "It took too long."}
    assert house.of(ToolOver)[0].ms == 2000
    assert house.outcomes() == [("test.word", "timeout")]


async def test_an_effect_that_is_too_slow_may_be_asked_for_again(autojump_clock: MockClock) -> None:
    house = House()
    house.office.delay_s = 60.0
    call = house.conversation()
    late = await call.ask("leads.upsert")
    assert "done only once" in late.result
    house.office.delay_s = 0.0
    await call.get("leads.upsert")
    assert house.office.effects == [("lead", CALLER)]


async def test_a_cancel_ends_what_reads_and_spares_what_has_an_effect(autojump_clock: MockClock) -> None:
    house = House()
    house.office.delay_s = 2.0
    call = house.conversation()
    with trio.move_on_after(1) as reading:
        await call.ask("crm.search_customer")
    assert reading.cancelled_caught
    with trio.move_on_after(1):
        await call.ask("leads.upsert")
    assert house.office.effects == [("lead", CALLER)]
    assert [(row.tool, row.outcome) for row in await call.rows()] == [
        ("crm.search_customer", "cancelled"), ("leads.upsert", "ok"),
    ]  # fmt: skip


# --- what tools may do wrong


async def exits(arguments: Word, run: ToolRun) -> Word:
    raise SystemExit(1)


async def foreign_cancel(arguments: Word, run: ToolRun) -> Word:
    raise asyncio.CancelledError


async def group(arguments: Word, run: ToolRun) -> Word:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(exits, arguments, run)
    raise AssertionError


async def other_type(arguments: Word, run: ToolRun) -> msgspec.Struct:
    return Unfit(what=1)


async def bug(arguments: Word, run: ToolRun) -> Word:
    raise KeyError(run.caller.text)


class Unfit(msgspec.Struct):
    what: int


@pytest.mark.parametrize("run", [exits, foreign_cancel, group, other_type, bug])
async def test_whatever_a_tool_raises_stays_here(autojump_clock: MockClock, run: Run) -> None:
    house = House([("shaky", tool(run, Effect.OURS))])
    answer = await house.conversation(playbook=ALL).ask("test.word")
    assert json.loads(answer.result) == {"error": "It did not work. Go on without it."}
    [failure] = house.of(PluginFailure)
    assert failure.plugin == "shaky"
    assert failure.error.startswith("test.word: ")
    assert CALLER not in failure.error
    assert house.outcomes() == [("test.word", "error")]


async def test_a_result_that_is_too_long_is_shortened_and_stays_json(autojump_clock: MockClock) -> None:
    async def long(arguments: Word, run: ToolRun) -> Word:
        return Word("א" * 50_000)

    house = House([("test", tool(long))])
    answer = await house.conversation(playbook=ALL).ask("test.word")
    assert answer.ok
    assert 1000 < len(answer.result) <= 4000
    assert json.loads(answer.result)["word"].endswith("…")


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (ToolError("No such floor."), "No such floor."),
        (Taken("row 17"), "Find slots again"),
        (Unknown("row 17"), "no such customer"),
        (NotAllowed("row 17"), "of no use"),
        (OfficeError("psql: 10.0.0.1"), "cannot be reached"),
    ],
)
async def test_what_a_tool_cannot_do_is_a_sentence(autojump_clock: MockClock, raised: Exception, says: str) -> None:
    async def cannot(arguments: Word, run: ToolRun) -> Word:
        raise raised

    house = House([("test", tool(cannot))])
    answer = await house.conversation(playbook=ALL).ask("test.word")
    assert says in json.loads(answer.result)["error"]
    assert "17" not in answer.result
    assert "psql" not in answer.result
    assert house.of(PluginFailure) == []


# --- the house at start


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (tool(echo, name="calendar.create"), "brought by two: agentd and test"),
        (tool(echo, name="Shout!"), 'not "area.verb"'),
        (tool(echo, deadline_s=0), "no deadline"),
        (replace(tool(echo), arguments=dict), "no msgspec.Struct"),
        ("not a tool", "no Tool"),
    ],
)
def test_a_tool_that_cannot_be_stops_the_house(bad: Tool, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        House([("test", bad)])


def test_two_plugins_that_bring_one_tool_are_both_named() -> None:
    with pytest.raises(ConfigError, match=r"one and two.*AGENTD_DISABLED=two"):
        House([("one", tool(echo)), ("two", tool(echo))])


def test_a_tool_to_ask_about_must_be_one() -> None:
    with pytest.raises(ConfigError, match=r"TOOLS_ASK: calendar\.book is no tool"):
        House(tools_ask="calendar.book")


def test_a_conversation_has_a_name_for_its_keys() -> None:
    house = House()
    with pytest.raises(ValueError, match="scope"):
        house.boxes.for_agent(Agent.WHATSAPP, "", CALLER, PLAYBOOK, house.events.append)


async def test_the_office_in_memory_keeps_the_port(autojump_clock: MockClock) -> None:
    office = MemoryOffice()
    crm = office.parts.crm
    dana = office.customer(CALLER, name="Dana Levi", notes="first")
    assert await crm.search(name="dana") == [dana]
    assert await crm.search(phone="+972521112222") == []
    await crm.update(dana.id, {"notes": "second", "floor": "3"}, "k")
    await crm.update(dana.id, {"notes": "third"}, "k")
    changed = await crm.get(dana.id)
    assert changed is not None
    assert (changed.notes.text, changed.fields) == ("first\nsecond", {"floor": "3"})
    with pytest.raises(Unknown):
        await crm.update("c9", {"name": "x"}, "k2")
    with pytest.raises(Unknown):
        await crm.tag_lead("l9", ["x"], "k3")
    office.broken = "down"
    with pytest.raises(OfficeError):
        await crm.leads()


async def test_events_say_who_asked(autojump_clock: MockClock) -> None:
    house = House()
    await house.conversation(Agent.WHATSAPP).desk.run(ToolCall("c", "crm.get", {}), (), 7)
    assert house.of(ToolAsked)[0] == ToolAsked(
        turn=7, tool="crm.get", agent="whatsapp", ruling="deny", rule="not-for-agent"
    )


async def test_the_back_office_may_write_of_the_callers_own_meetings(autojump_clock: MockClock) -> None:
    house = House()
    for day, phone in ((3, CALLER), (4, "+972521112222")):
        begins = round((SUNDAY + (day - 1) * 86400 + 3 * 3600) * 1000)
        house.office.meeting(Span(begins, begins + 1_800_000), with_phone=phone)
    desk = house.conversation(Agent.BACK_OFFICE)
    await desk.get("whatsapp.send", text="See you on Tuesday, March 3 at 11:00, 1 Herzl Street!")
    assert await desk.refused("whatsapp.send", text="See you on Wednesday, March 4 at 11:00!") == "untrue"
