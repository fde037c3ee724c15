"""Tools where a call is at its worst: the real gate over an office in memory, and a caller who never waits."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise

import pytest
import trio

from agentd.core.approvals import Decision
from agentd.core.history import Entry, History
from agentd.core.playbook import Playbook, Slot
from agentd.core.policy import Effect
from agentd.engines import LLM, Prompt, ToolCall, Transcript
from agentd.events import LlmStart, ToolAsked, ToolOver, TurnGuessed
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.testing.play import play
from agentd.testing.scripted import Fault, Reply, ScriptedLLM
from agentd.testing.scripted_tools import ScriptedTool, ScriptedTools
from agentd.testing.stage import PLAYBOOK, Stage, stage
from tests.agents.house import PLAYBOOK as OFFICE
from tests.agents.house import House

ME = "+972500000000"  # the caller of `stage`
SHOP = replace(PLAYBOOK, hours=OFFICE.hours, meetings=OFFICE.meetings, language="en-IL")
KEEP = ToolCall("1", "leads.upsert", {"name": "Dana", "summary": "Wants a table."})

Act = Callable[[Stage, House], Awaitable[None]]


def called(
    brain: Callable[[Prompt], Reply] | LLM,
    act: Act,
    *,
    playbook: Playbook = SHOP,
    ask: str = "",
    wait_for: trio.Event | None = None,
) -> Played:
    """`wait_for`: until then, no verb of the office ends."""
    llm = ScriptedLLM(replies=brain) if callable(brain) else brain
    houses: list[House] = []

    async def scene() -> Stage:
        house = House(tools_ask=ask)
        houses.append(house)
        if wait_for is not None:
            house.office.checkpoint = wait_for.wait  # type: ignore[method-assign]
        async with stage(llm=llm, playbook=playbook, tools=house.boxes.for_call) as s:  # type: ignore[arg-type]
            await act(s, house)
        return s

    s = play(scene)
    return Played(s, houses[0])


class Played:
    def __init__(self, s: Stage, house: House) -> None:
        self.s, self.house = s, house

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(role, words) of the history; of a tool its name."""
        return [(e.role, e.call.name if e.call else e.text) for e in self.entries]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.s.call.brain.floor.history.entries

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(event.tool, event.outcome) for event in self.s.events(ToolOver)]


def done(prompt: Prompt) -> list[str]:
    return [m.call.name for m in prompt.messages if m.call is not None]


def last_words(prompt: Prompt) -> str:
    return [m.text for m in prompt.messages if m.role == "caller"][-1]


def keeps(prompt: Prompt) -> Reply:
    """Keeps the lead, and says so; to whatever comes after "where", says where."""
    if "where" in last_words(prompt):
        told = " You are on the list." if done(prompt) else ""
        return f"We are near the station.{told}"
    return "You are on the list." if done(prompt) else ["Let me put you on the list right now.", replace(KEEP)]


# --- the caller and an effect


def test_an_effect_that_comes_about_between_a_guess_and_its_commit_is_told() -> None:
    """The guess was prepared without knowing of it."""
    slow = {"s": 0.0}

    async def interrupts(s: Stage, house: House) -> None:
        house.office.delay_s = slow["s"]
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.interrupts(0.8, "wait where are you", for_s=1.2)
        await s.caller.silence(9.0)

    for tenths in range(24, 48, 3):
        slow["s"] = tenths / 10
        p = called(keeps, interrupts)
        assert p.house.office.effects == [("lead", ME)]
        told = [text for text in p.s.answered() if "You are on the list" in text]
        assert len(told) == 1, (slow, p.lines, p.s.times(TurnGuessed), p.s.times(ToolOver), p.s.times(LlmStart))


def test_a_caller_who_speaks_as_news_is_about_to_be_told_is_not_asked_twice() -> None:
    async def interrupts(s: Stage, house: House) -> None:
        house.office.delay_s = 6.0
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.interrupts(0.8, "wait where are you", for_s=1.2)
        await s.caller.hears_end(within_s=5)
        while not s.events(ToolOver):
            await s.caller.silence(0.02)
        await s.caller.silence(0.1)
        await s.caller.says("and thank you very much", for_s=1.2)
        await s.caller.silence(6.0)

    llm = ScriptedLLM(replies=keeps, latency_s=0.8)
    p = called(llm, interrupts)
    callers = [text for role, text in p.lines if role == "caller"]
    assert callers == ["put me on the list", "wait where are you", "and thank you very much"]


def test_what_is_asked_again_while_it_is_on_its_way_is_one_thing_and_told_once() -> None:
    async def goes_on(s: Stage, house: House) -> None:
        house.office.delay_s = 4.0
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.interrupts(0.8, "yes please do that", for_s=1.2)
        await s.caller.silence(14.0)

    p = called(keeps, goes_on)
    assert p.house.office.effects == [("lead", ME)]
    assert [role for role, _ in p.lines].count("tool") == 1
    whole = "Let me put you on the list right now. You are on the list."
    assert [text for text in p.s.answered() if "You are on the list" in text] == [whole]


def test_what_is_asked_again_as_it_ends_is_told_once() -> None:
    """The model has asked for it before it could know that it was done."""

    async def goes_on(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.interrupts(0.8, "yes please do that", for_s=1.2)
        while not s.events(LlmStart)[1:]:
            await s.caller.silence(0.02)
        await s.caller.silence(0.2)
        slow.set()
        await s.caller.silence(14.0)

    slow = trio.Event()
    p = called(ScriptedLLM(replies=keeps, latency_s=0.8), goes_on, wait_for=slow)
    assert p.house.office.effects == [("lead", ME)]
    assert [role for role, _ in p.lines].count("tool") == 2
    assert len([text for text in p.s.answered() if "You are on the list" in text]) == 1


def test_a_person_is_asked_once_about_what_is_asked_twice() -> None:
    async def goes_on(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.interrupts(0.8, "yes please do that", for_s=1.2)
        await s.caller.silence(4.0)
        [row] = await house.ledger.approvals(state="pending")
        await house.approvals.answer(row.id, Decision.APPROVE, row.digest, "Noa")
        await s.caller.silence(8.0)

    p = called(keeps, goes_on, ask="leads.upsert")
    [asked] = p.house.ledger.history
    [row] = trio.run(p.house.ledger.tool_calls, p.s.call.facts.call_sid)
    assert (row.ruling, row.outcome, row.approval) == ("ask", "ok", asked)
    assert p.house.office.effects == [("lead", ME)]
    assert p.s.answered()[-1].endswith("right now. You are on the list.")


def test_a_caller_who_goes_on_after_an_effect_before_our_first_sound_hears_of_it() -> None:
    def brain(prompt: Prompt) -> Reply:
        return f"Booked for {last_words(prompt)}." if done(prompt) else [KEEP]

    async def goes_on(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        while not s.events(ToolOver):
            await s.caller.silence(0.02)
        await s.caller.says("and my wife", for_s=1.2)
        await s.caller.silence(5.0)

    p = called(ScriptedLLM(replies=brain, latency_s=0.5), goes_on)
    assert p.house.office.effects == [("lead", ME)]
    assert [text for role, text in p.lines if role == "caller"] == ["put me on the list and my wife"]
    assert p.s.answered() == ["Booked for put me on the list and my wife."]


def test_news_is_the_last_thing_that_a_model_is_told() -> None:
    """Not an answer of its own that did not know of it."""
    prompts: list[Prompt] = []

    def brain(prompt: Prompt) -> Reply:
        prompts.append(prompt)
        return keeps(prompt)

    async def interrupts(s: Stage, house: House) -> None:
        house.office.delay_s = 3.4
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.interrupts(0.8, "wait where are you", for_s=1.2)
        await s.caller.silence(12.0)

    p = called(brain, interrupts)
    assert [role for role, _ in p.lines][-3:] == ["agent", "tool", "agent"]
    assert prompts[-1].messages[-1].role == "tool"


def test_a_noise_over_the_words_before_a_result_does_not_keep_it_from_the_caller() -> None:
    async def hums(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.interrupts(0.6, "", for_s=1.6)
        await s.caller.silence(12.0)

    p = called(keeps, hums)
    assert p.house.office.effects == [("lead", ME)]
    assert p.s.answered() == ["Let me put you", "Yes, I am listening.", "You are on the list."]


def test_news_waits_while_the_caller_keys() -> None:
    async def keys(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.hears(within_s=2)
        await s.caller.silence(0.8)
        await s.caller.presses("1")
        done_by.set()
        await s.caller.silence(0.6)
        await s.caller.presses("2")
        await s.caller.silence(12.0)

    done_by = trio.Event()
    p = called(keeps, keys, wait_for=done_by)
    assert [role for role, _ in p.lines[2:]] == ["tool", "caller", "agent"]
    assert p.lines[3][1].endswith("12")
    assert len(p.s.events(LlmStart)) == 2


def test_a_late_final_while_an_effect_is_made_neither_doubles_nor_hides_it() -> None:
    async def asks(s: Stage, house: House) -> None:
        house.office.delay_s = 2.0
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.silence(0.7)
        assert s.events(ToolAsked)
        s.call.brain.words(Transcript("put me on a list", final=True, until_ms=1700, from_ms=500))
        await s.caller.silence(12.0)

    p = called(lambda prompt: "You are on the list." if done(prompt) else [KEEP], asks)
    assert p.lines[0] == ("caller", "put me on a list")
    assert p.house.office.effects == [("lead", ME)]
    assert p.s.answered() == ["You are on the list."]
    assert len(p.s.events(ToolAsked)) == 1


def test_no_silence_is_long_while_a_person_thinks_for_a_minute() -> None:
    async def waits(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.silence(75.0)

    p = called(keeps, waits, ask="leads.upsert")
    sent = [m.at_s for m in p.s.twilio.sent if m.kind == "media"]
    assert max(b - a for a, b in pairwise(sent) if a < 62.0) <= 3.1
    starts = [a for a, _ in p.s.twilio.agent.sounds()]
    assert min(b - a for a, b in pairwise(starts[1:])) >= 2.8
    assert p.house.office.effects == []


def test_no_silence_is_long_before_the_first_words_of_an_answer_that_looks_up() -> None:
    async def asks(s: Stage, house: House) -> None:
        house.office.delay_s = 4.5
        await s.caller.silence(0.5)
        await s.caller.says("when are you free", for_s=1.2)
        await s.caller.hears_end(within_s=20, quiet_s=4.0)

    def brain(prompt: Prompt) -> Reply:
        return "I can do tomorrow." if done(prompt) else [ToolCall("1", "calendar.find_slots", {})]

    p = called(ScriptedLLM(replies=brain, latency_s=1.2), asks)
    sent = [1.7, *(m.at_s for m in p.s.twilio.sent if m.kind == "media")]
    assert max(b - a for a, b in pairwise(sent)) <= 3.1


@pytest.mark.parametrize("kept", [True, False])
def test_a_call_that_is_resumed_books_what_it_was_offered_before(kept: bool) -> None:
    """Whether the house still has its history, or only the ledger."""
    found: list[str] = []

    def brain(prompt: Prompt) -> Reply:
        if "calendar.create" in done(prompt):
            return "It is booked."
        if "first" in last_words(prompt):
            return [ToolCall("2", "calendar.create", {"start": found[0]})]
        if not done(prompt):
            return [ToolCall("1", "calendar.find_slots", {})]
        found.append(json.loads(prompt.messages[-1].text)["windows"][0]["start"])
        return "I have found something."

    async def scene() -> list[tuple[str, str]]:
        house, history = House(), History()
        for words, resumed in (("when are you free", False), ("the first one please", True)):
            async with stage(
                llm=ScriptedLLM(replies=brain),
                playbook=SHOP,
                tools=house.boxes.for_call,  # type: ignore[arg-type]
                resumed=resumed,
                history=history if kept else None,
            ) as s:
                await s.caller.silence(0.5)
                await s.caller.says(words, for_s=1.2)
                await s.caller.hears_end(within_s=20)
        return house.office.effects

    assert play(scene) == [("book", ME)]


def test_cancelled_anywhere_an_effect_is_whole_and_recorded() -> None:
    async def scene(scope: trio.CancelScope) -> House:
        house = House()
        house.office.delay_s = 0.2
        with scope:
            async with stage(
                llm=ScriptedLLM(replies=keeps),
                playbook=SHOP,
                tools=house.boxes.for_call,  # type: ignore[arg-type]
                step_ms=100,
            ) as s:
                await s.caller.silence(0.5)
                await s.caller.says("put me on the list", for_s=1.2)
                await s.caller.interrupts(0.6, "yes please do that", for_s=0.8)
                await s.caller.hears_end(within_s=10)
        return house

    def check(house: House) -> None:
        rows = list(house.ledger._calls.values())
        assert len(rows) <= 1 or len({row.key for row in rows}) == 1
        assert [row.outcome for row in rows if row.outcome == "ok"] == ["ok"] * len(house.office.effects)

    assert cancel_everywhere(scene, check=check, stride=23).runs > 20


# --- the model


def test_a_model_that_fails_after_its_tool_is_apologised_for() -> None:
    async def asks(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.silence(10.0)

    for fault in (Fault("connect", nth=2), Fault("empty", nth=2)):
        p = called(ScriptedLLM(replies=keeps, fail=fault), asks)
        assert p.house.office.effects == [("lead", ME)]
        said = " ".join(p.s.answered())
        assert said.startswith("Let me put you on the list right now. I am sorry,"), (fault, said)


def test_a_promise_that_was_cut_for_its_length_is_kept() -> None:
    long = "I will put you on the list right now. And then I will tell you all there is to know about tables."

    def brain(prompt: Prompt) -> Reply:
        return "You are on the list." if done(prompt) else [f"{long} {long}", KEEP]

    async def asks(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.hears_end(within_s=20, quiet_s=3.0)

    for slots in ((), (Slot("name", "name", "What is your name?"),)):
        p = called(brain, asks, playbook=replace(SHOP, slots=slots))
        assert p.s.answered()[0].startswith("I will put you on the list right now.")
        assert p.house.office.effects == [("lead", ME)]
        assert p.s.answered()[-1].endswith("You are on the list.") or slots


def test_the_same_call_twice_and_eight_more_in_one_reply() -> None:
    def brain(prompt: Prompt) -> Reply:
        if done(prompt):
            return f"{len(done(prompt))} were done."
        same = [ToolCall(str(n), "leads.upsert", {"name": "Dana", "summary": "Wants a table."}) for n in range(10)]
        return ["Let me see.", *same]

    async def asks(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.hears_end(within_s=20, quiet_s=3.0)

    p = called(brain, asks)
    assert p.house.office.effects == [("lead", ME)]
    assert len(p.s.events(ToolAsked)) == 8


def test_calls_of_the_wrong_shape_are_answered_and_nothing_runs() -> None:
    deep: object = "x"
    for _ in range(60):
        deep = [deep]
    wrong = [
        ToolCall("1", "leads.upsert", {"name": 7}),
        ToolCall("2", "leads.upsert", {"name": None, "nonsense": {}}),
        ToolCall("3", "leads.upsert", {"summary": "x" * 100_000}),
        ToolCall("4", "calendar.create", {"start": ["2026-03-03T10:00"]}),
        ToolCall("5", "leads.upsert", {"name": deep}),
        ToolCall("6", "", {}),
        ToolCall("7", "leads.upsert", {"name": float("nan")}),
        ToolCall("8", "leads.upsert", {"name": "\ud800", "summary": "half a character"}),
    ]
    prompts: list[Prompt] = []

    def brain(prompt: Prompt) -> Reply:
        prompts.append(prompt)
        return "That did not work." if done(prompt) else list(wrong)

    async def asks(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.hears_end(within_s=20, quiet_s=3.0)

    p = called(brain, asks)
    assert p.house.office.effects == []
    assert [outcome for _, outcome in p.outcomes] == ["denied"] * 8
    assert p.s.answered() == ["That did not work."]
    rows = [m for m in prompts[-1].messages if m.role == "tool"]
    assert all("error" in json.loads(m.text) for m in rows)


# --- the end


def test_a_stream_that_takes_over_while_an_effect_is_made_finds_the_history_in_order() -> None:
    prompts: list[Prompt] = []

    def brain(prompt: Prompt) -> Reply:
        prompts.append(prompt)
        return keeps(prompt)

    async def scene() -> tuple[House, History]:
        house, history = House(), History()
        llm = ScriptedLLM(replies=brain)
        tools = house.boxes.for_call
        async with stage(llm=llm, playbook=SHOP, tools=tools, history=history) as old:  # type: ignore[arg-type]
            house.office.delay_s = 3.0
            await old.caller.silence(0.5)
            await old.caller.says("put me on the list", for_s=1.2)
            await old.caller.hears(within_s=2)
            await old.caller.silence(1.0)
            old.call.end("superseded")
            async with stage(  # type: ignore[arg-type]
                llm=llm, playbook=SHOP, tools=tools, history=history, resumed=True
            ) as new:
                await new.caller.silence(0.5)
                await new.caller.says("hello where are you", for_s=0.9)
                await new.caller.silence(8.0)
                await new.caller.says("and where is the station", for_s=1.2)
                await new.caller.hears_end(within_s=10)
        return house, history

    house, history = play(scene)
    assert house.office.effects == [("lead", ME)]
    said = [(e.role, e.cut) for e in history.entries if e.role != "tool"]
    assert said[:4] == [("caller", False), ("agent", True), ("caller", False), ("agent", False)]
    assert "leads.upsert" in done(prompts[-1])


def test_a_person_approves_what_is_not_in_ascii() -> None:
    keep = ToolCall("1", "leads.upsert", {"name": 'דנה "לוי" é', "summary": "שולחן ליד החלון 🙂"})

    async def waits(s: Stage, house: House) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("put me on the list", for_s=1.2)
        await s.caller.silence(2.0)
        [row] = await house.ledger.approvals(state="pending")
        assert json.loads(row.arguments.text)["name"] == keep.arguments["name"]
        await house.approvals.answer(row.id, Decision.APPROVE, row.digest, "Noa")
        await s.caller.silence(4.0)

    p = called(lambda prompt: "It is noted." if done(prompt) else [keep], waits, ask="leads.upsert")
    [lead] = p.house.office.leads.values()
    assert lead.name.text == keep.arguments["name"]
    assert p.s.answered()[-1].endswith("It is noted.")


@pytest.mark.parametrize("effect", [Effect.READ, Effect.OURS])
def test_a_bug_in_a_desk_ends_the_call_and_is_in_its_record(effect: Effect) -> None:
    def bug(arguments: object) -> dict[str, str]:
        raise ZeroDivisionError

    async def scene() -> Stage:
        desk = ScriptedTools({"leads.upsert": ScriptedTool(bug, effect=effect)})
        async with stage(llm=ScriptedLLM(replies=keeps), tools=desk, playbook=SHOP, hang_up=False) as s:
            await s.caller.silence(0.5)
            await s.caller.says("put me on the list", for_s=1.2)
            await s.caller.silence(3.0)
        return s

    s = play(scene)
    assert s.record is not None
    assert s.record.reason == "crash"
    assert "ZeroDivisionError" in str(s.record.crash)
    assert s.twilio.close_code == 1011


def test_an_effect_that_outlives_the_call_delays_neither_its_socket_nor_its_record() -> None:
    book = ScriptedTool({"booked": True}, effect=Effect.OUTSIDE, latency_s=8.0, effect_s=8.0)
    desk = ScriptedTools({"leads.upsert": book})
    closed: list[float] = []

    async def scene() -> Stage:
        async with stage(llm=ScriptedLLM(replies=keeps), tools=desk, playbook=SHOP) as s:
            await s.caller.silence(0.5)
            await s.caller.says("put me on the list", for_s=1.2)
            await s.caller.silence(2.0)
            begun = trio.current_time()
            s.call.end("drain")
            while s.twilio.close_code is None:
                await trio.sleep(0.1)
            closed.append(trio.current_time() - begun)
        return s

    s = play(scene)
    assert closed[0] <= 4.0
    assert len(desk.done) == 1
    assert s.record is not None
    assert s.record.reason == "drain"
