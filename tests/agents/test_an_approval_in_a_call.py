"""Whole calls through the real gate: the caller waits for somebody they never hear, and is told what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise

import trio

from agentd.core.approvals import Decision
from agentd.engines import Prompt, ToolCall
from agentd.events import Turn
from agentd.testing.play import play
from agentd.testing.scripted import Reply, ScriptedLLM
from agentd.testing.stage import PLAYBOOK, Stage, stage
from tests.agents.house import House

KEEP = ToolCall("1", "leads.upsert", {"name": "Dana", "summary": "Wants a table by the window."})


def keeps_then_says(prompt: Prompt) -> Reply:
    results = [message.text for message in prompt.messages if message.call is not None]
    if not results:
        return ["Let me note that.", KEEP]
    return "I am sorry, that did not work." if "error" in results[-1] else "It is noted."


def played(person: Callable[[Stage, House], Awaitable[None]], *, hang_up_after_s: float = 0.0) -> tuple[Stage, House]:
    """The caller speaks; `person` is somebody at the desk."""
    houses: list[House] = []

    async def scene() -> Stage:
        house = House(tools_ask="leads.upsert")
        houses.append(house)
        llm = ScriptedLLM(replies=keeps_then_says)
        async with stage(llm=llm, playbook=PLAYBOOK, tools=house.boxes.for_call) as s:  # type: ignore[arg-type]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(person, s, house)
                await s.caller.silence(0.5)
                await s.caller.says("a table by the window please", for_s=1.2)
                if hang_up_after_s:
                    await s.caller.silence(hang_up_after_s)
                else:
                    await s.caller.hears_end(within_s=90, quiet_s=4.0)
            return s

    return play(scene), houses[0]


async def question(house: House) -> str:
    while not house.ledger.history:
        await trio.sleep(0.05)
    return next(iter(house.ledger.history))


def decides(decision: Decision, after_s: float) -> Callable[[Stage, House], Awaitable[None]]:
    async def person(s: Stage, house: House) -> None:
        id = await question(house)
        await trio.sleep(after_s)
        [row] = await house.ledger.approvals(state="pending")
        await house.approvals.answer(id, decision, row.digest, "Noa")

    return person


async def nobody(s: Stage, house: House) -> None:
    """Out for lunch."""


def longest_silence_s(s: Stage) -> float:
    """Between two frames of speech of ours, once we have begun."""
    spoken = [m.at_s for m in s.twilio.sent if m.kind == "media"]
    return max(after - before for before, after in pairwise(spoken))


def states(house: House) -> list[str]:
    [rows] = house.ledger.history.values()
    return [row.state for row in rows]


def test_while_a_person_thinks_the_caller_hears_that_it_takes_a_moment_then_what_was_done() -> None:
    s, house = played(decides(Decision.APPROVE, 9.0))
    assert states(house) == ["pending", "approved", "used"]
    assert house.office.effects == [("lead", "+972500000000")]
    heard = " ".join(s.answered())
    assert heard.startswith("Let me note that.")
    assert heard.endswith("It is noted.")
    assert [turn.filler for turn in s.events(Turn)] == [True]
    assert longest_silence_s(s) <= 3.1


def test_a_no_is_told_and_nothing_is_done() -> None:
    s, house = played(decides(Decision.DENY, 1.0))
    assert states(house) == ["pending", "denied"]
    assert house.office.effects == []
    assert s.answered()[-1].endswith("I am sorry, that did not work.")


def test_nobody_there_is_a_no_after_the_time_that_is_set() -> None:
    s, house = played(nobody)
    assert states(house) == ["pending", "expired"]
    assert house.office.effects == []
    assert s.answered()[-1].endswith("I am sorry, that did not work.")


def test_a_caller_who_hangs_up_takes_the_question_with_them() -> None:
    s, house = played(nobody, hang_up_after_s=8.0)
    assert s.record is not None
    assert s.record.reason == "stop"
    assert states(house) == ["pending", "void"]
    assert house.office.effects == []
