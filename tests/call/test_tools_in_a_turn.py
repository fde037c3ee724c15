"""Tools in a call, as the caller and the model meet them: when they run, who waits, and what is left of a turn that is
cut off."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import trio

from agentd.core.playbook import Playbook, Slot
from agentd.core.policy import Effect
from agentd.engines import Message, Prompt, ToolCall
from agentd.events import LlmStart, SlotsKnown, TtsStart, Turn, TurnGuessed
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.testing.play import play
from agentd.testing.scripted import Reply, ScriptedLLM
from agentd.testing.scripted_tools import ScriptedTool, ScriptedTools
from agentd.testing.stage import PLAYBOOK, Stage, stage

FREE = {"free": "10:00", "say": "at 10:00"}
BOOK = ToolCall("2", "book", {"at": "10:00"})
LOOK = ToolCall("1", "look", {})


def tools(**changes: ScriptedTool) -> ScriptedTools:
    return ScriptedTools(
        {
            "look": ScriptedTool(FREE),
            "book": ScriptedTool({"booked": "at 10:00"}, effect=Effect.OURS, latency_s=0.2, effect_s=0.2),
        }
        | changes
    )


def results(prompt: Prompt) -> list[str]:
    return [m.call.name for m in prompt.messages if m.call is not None]


def looks_then_says(prompt: Prompt) -> Reply:
    return "I can do at 10:00. Does that suit you?" if "look" in results(prompt) else [LOOK]


def books_then_says(prompt: Prompt) -> Reply:
    return "It is booked at 10:00." if "book" in results(prompt) else ["Let me book it.", BOOK]


async def ask(s: Stage, words: str = "when are you free", for_s: float = 1.0) -> None:
    await s.caller.silence(0.5)
    await s.caller.says(words, for_s=for_s)


def scene_of(
    llm: ScriptedLLM, desk: ScriptedTools, act: Callable[[Stage], Awaitable[None]], *, playbook: Playbook = PLAYBOOK
) -> Stage:
    async def scene() -> Stage:
        async with stage(llm=llm, tools=desk, playbook=playbook) as s:
            await act(s)
            await s.caller.silence(1.0)
        return s

    return play(scene)


async def asks_and_hears(s: Stage) -> None:
    await ask(s)
    await s.caller.hears_end(within_s=15)


def test_what_a_tool_returns_is_said_and_no_invention_any_more() -> None:
    desk = tools()
    s = scene_of(ScriptedLLM(replies=looks_then_says), desk, asks_and_hears)
    assert s.answered() == ["I can do at 10:00. Does that suit you?"]
    assert desk.done == [("look", {})]
    roles = [(e.role, e.call) for e in s.call.brain.floor.history.entries]
    assert roles == [("caller", None), ("tool", LOOK), ("agent", None)]
    assert desk.closed == 1


def test_a_time_that_no_tool_returned_is_refused_even_after_a_tool() -> None:
    def invents(prompt: Prompt) -> Reply:
        return "I can do at 11:00." if "look" in results(prompt) else [LOOK]

    s = scene_of(ScriptedLLM(replies=invents), tools(), asks_and_hears)
    assert "11" not in " ".join(s.answered())


def test_a_guess_runs_no_tool_until_it_is_an_answer() -> None:
    desk = tools()

    async def pauses_then_goes_on(s: Stage) -> None:
        await s.caller.silence(0.5)
        await s.caller.says("I need a table", for_s=1.0)
        await s.caller.silence(0.36)  # long enough for a guess, too short for an answer
        assert len(s.events(TurnGuessed)) == 1
        assert desk.begun == []
        await s.caller.says("for two people", for_s=1.0)
        await s.caller.hears_end(within_s=15)

    s = scene_of(ScriptedLLM(replies=looks_then_says), desk, pauses_then_goes_on)
    assert desk.begun == [("look", {})]
    assert len(s.events(LlmStart)) == 1


def test_words_before_a_slow_tool_are_heard_while_it_runs_then_fillers() -> None:
    desk = tools(book=ScriptedTool({"booked": "at 10:00"}, effect=Effect.OURS, latency_s=6.0, effect_s=0.1))
    s = scene_of(ScriptedLLM(replies=books_then_says), desk, lambda s: asks(s, 20))
    heard = " ".join(s.answered())
    assert heard.startswith("Let me book it.")
    assert heard.endswith("It is booked at 10:00.")
    assert [turn.filler for turn in s.events(Turn)] == [True]
    assert len(s.events(TtsStart)) == 1


async def asks(s: Stage, within_s: float) -> None:
    await ask(s)
    await s.caller.hears_end(within_s=within_s, quiet_s=7.0)


def test_a_barge_in_while_an_effect_is_made_leaves_it_whole_and_the_next_answer_knows() -> None:
    desk = tools(book=ScriptedTool({"booked": "at 10:00"}, effect=Effect.OURS, latency_s=3.0, effect_s=0.1))
    seen: list[list[str]] = []

    def brain(prompt: Prompt) -> Reply:
        seen.append(results(prompt))
        if "book" in results(prompt):
            return "It is booked at 10:00."
        last = [m.text for m in prompt.messages if m.role == "caller"][-1]
        return ["Let me book it for you right now.", BOOK] if "book" in last else "We are near the station."

    async def interrupts(s: Stage) -> None:
        await ask(s, "please book it")
        await s.caller.interrupts(0.8, "wait where are you", for_s=1.2)
        await s.caller.silence(8.0)

    s = scene_of(ScriptedLLM(replies=brain), desk, interrupts)
    assert desk.begun == desk.done == [("book", {"at": "10:00"})]
    pairs = [e for e in s.call.brain.floor.history.entries if e.role == "tool"]
    assert [(e.call, json.loads(e.text)) for e in pairs] == [(BOOK, {"booked": "at 10:00"})]
    assert "We are near the station." in s.answered()
    assert s.answered()[-1] == "It is booked at 10:00."  # told by itself, once nobody speaks
    assert s.answered().count("It is booked at 10:00.") == 1


def test_a_barge_in_while_a_tool_only_looks_ends_it() -> None:
    desk = tools(look=ScriptedTool(FREE, latency_s=5.0))

    def brain(prompt: Prompt) -> Reply:
        last = [m.text for m in prompt.messages if m.role == "caller"][-1]
        return ["Let me look that up for you.", LOOK] if "when" in last else "We are near the station."

    async def interrupts(s: Stage) -> None:
        await ask(s)
        await s.caller.interrupts(0.8, "no where are you", for_s=1.2)
        await s.caller.silence(8.0)

    s = scene_of(ScriptedLLM(replies=brain), desk, interrupts)
    assert desk.begun == [("look", {})]
    assert desk.done == []
    assert all(e.role != "tool" for e in s.call.brain.floor.history.entries)
    assert s.answered()[-1] == "We are near the station."


def test_who_waits_for_an_approval_is_told_what_for() -> None:
    asking = "I am asking a colleague about that."
    playbook = replace(PLAYBOOK, phrases=PLAYBOOK.phrases | {"approval": (asking, asking)})
    book = ScriptedTool({"booked": "at 10:00"}, effect=Effect.OURS, approval_s=5.0)
    phrases = Heard()

    async def scene() -> Stage:
        llm = ScriptedLLM(replies=books_then_says)
        async with stage(llm=llm, tools=tools(book=book), playbook=playbook, phrases=phrases) as s:
            await asks(s, 20)
        return s

    assert play(scene).answered()[-1].endswith("It is booked at 10:00.")
    assert phrases.asked == [asking]


class Heard:
    """A bank without phrases that knows which were wanted."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, text: str) -> None:
        self.asked.append(text)


def test_a_hang_up_lets_an_effect_finish_that_has_begun() -> None:
    desk = tools(book=ScriptedTool({"booked": "at 10:00"}, effect=Effect.OUTSIDE, latency_s=2.0, effect_s=2.0))

    async def hangs_up(s: Stage) -> None:
        await ask(s, "please book it")
        await s.caller.silence(1.5)
        s.twilio.hang_up()

    s = scene_of(ScriptedLLM(replies=books_then_says), desk, hangs_up)
    assert desk.done == [("book", {"at": "10:00"})]
    assert s.record is not None
    assert s.record.reason == "stop"


def test_a_model_that_only_calls_tools_has_to_speak_in_the_end() -> None:
    offered: list[int] = []

    def brain(prompt: Prompt) -> Reply:
        offered.append(len(prompt.tools))
        return [ToolCall(str(len(prompt.messages)), "look", {"n": len(prompt.messages)})]

    s = scene_of(ScriptedLLM(replies=brain), tools(), asks_and_hears)
    assert offered[-4:] == [2, 2, 2, 0]
    assert s.answered()[0] in ("I am sorry, something went wrong here.", "I am sorry, I could not do that.")


def test_a_model_notes_what_it_understood_in_the_same_reply_and_is_asked_once() -> None:
    asked: list[int] = []
    noted = ToolCall("1", "slots.note", {"slots": {"name": "Dana Levi", "phone": "two one two"}})

    def brain(prompt: Prompt) -> Reply:
        asked.append(len(prompt.messages))
        assert [offer.name for offer in prompt.tools] == ["slots.note", "look", "book"]
        return ["Glad to help.", noted]

    s = scene_of(ScriptedLLM(replies=brain), tools(), asks_and_hears, playbook=with_slots())
    assert len(s.events(LlmStart)) == 1
    assert s.answered() == ["Glad to help. What is your number?"]  # the name is known by now, the number only in part
    assert json.loads(s.events(SlotsKnown)[-1].values.text) == {"name": "Dana Levi"}
    assert all(e.role != "tool" for e in s.call.brain.floor.history.entries)


def test_a_note_without_words_is_answered_with_what_was_not_understood() -> None:
    def brain(prompt: Prompt) -> Reply:
        last = prompt.messages[-1]
        if last.call is None:
            return [ToolCall("1", "slots.note", {"slots": {"phone": "blue"}})]
        assert "not understood" in last.text
        return "What is your number?"

    s = scene_of(ScriptedLLM(replies=brain), tools(), asks_and_hears, playbook=with_slots())
    assert s.answered() == ["What is your number?"]


def with_slots() -> Playbook:
    slots = (Slot("name", "name", "What is your name?"), Slot("phone", "phone", "What is your number?"))
    return replace(PLAYBOOK, slots=slots, closing="Thank you, that is all.")


def test_a_call_after_the_question_is_not_made() -> None:
    desk = tools()
    s = scene_of(ScriptedLLM(replies=[["Shall I book it?", BOOK]]), desk, asks_and_hears)
    assert s.answered() == ["Shall I book it?"]
    assert desk.begun == []


def test_an_unknown_tool_is_told_to_the_model() -> None:
    def brain(prompt: Prompt) -> Reply:
        return "I cannot do that." if results(prompt) else [ToolCall("1", "fly", {})]

    s = scene_of(ScriptedLLM(replies=brain), tools(), asks_and_hears)
    assert s.answered() == ["I cannot do that."]


def test_the_model_is_told_what_it_has_already_said() -> None:
    prompts: list[tuple[Message, ...]] = []

    def brain(prompt: Prompt) -> Reply:
        prompts.append(prompt.messages)
        return books_then_says(prompt)

    scene_of(ScriptedLLM(replies=brain), tools(), asks_and_hears)
    roles = [(m.role, m.text) for m in prompts[-1]]
    assert [role for role, _ in roles] == ["caller", "agent", "tool"]
    assert roles[1] == ("agent", "Let me book it.")


@pytest.mark.parametrize("effect", [Effect.READ, Effect.OURS])
def test_cancelled_anywhere_nothing_is_left(effect: Effect) -> None:
    async def scene(scope: trio.CancelScope) -> ScriptedTools:
        desk = tools(look=ScriptedTool(FREE, latency_s=0.3, effect=effect, effect_s=0.1))
        with scope:
            async with stage(llm=ScriptedLLM(replies=looks_then_says), tools=desk, step_ms=100) as s:
                await ask(s)
                await s.caller.hears(within_s=10)
        return desk

    def check(desk: ScriptedTools) -> None:
        if effect is not Effect.READ and desk.effects:
            assert desk.done == desk.begun  # what has begun to have an effect is finished

    assert cancel_everywhere(scene, check=check, stride=3).runs > 20
