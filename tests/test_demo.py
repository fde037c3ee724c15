"""The demo's call as text, on any day of a fortnight: what its caller says leads to a booking by the real tools."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import trio
from agentd_local.rules.brain import RulesLLM

from agentd.agents.playbook_file import load_playbook
from agentd.config import Settings
from agentd.core.governor_manners import Manners
from agentd.core.history import History
from agentd.core.opening import open_at
from agentd.core.playbook import Playbook
from agentd.core.speech import Prompt
from agentd.demo.kept import Kept
from agentd.demo.script import lines
from agentd.evals.conversation import Talk
from agentd.evals.office import OPENS, Offices, offices
from agentd.evals.replying import Agent, Recorder
from agentd.evals.script import Expect, Script
from agentd.events import NOTHING
from agentd.storage import CallRow, Conversation, Dealings

DAYS = [date(2026, 11, 22) + timedelta(n) for n in range(14)]


async def said_and_done(playbook: Playbook, today: date, rooms: Offices) -> tuple[list[str], list[tuple[str, bool]]]:
    """What the agent says to the demo's lines, and the tools that it used."""

    def prompts(messages: tuple[object, ...]) -> Prompt:
        return Prompt("demo", playbook, "", messages)  # type: ignore[arg-type]

    manners = Manners(playbook, first_words=24, max_chars=420, today=today)
    talk = Talk(Script("demo", playbook.name, (), (), {}, Expect()), playbook, prompts, today, history=History())
    replies = []
    async with rooms.desk(playbook, "CA1", lambda event: None) as desk, trio.open_nursery() as tasks:
        recorder = Recorder(desk)
        agent = Agent(RulesLLM(lambda: datetime.combine(today, OPENS)), talk, manners, recorder, tasks, today)
        talk.history.agent(0, playbook.greeting, cut=False)
        for turn, line in enumerate(lines(playbook, today), 1):
            talk.history.caller(turn, line.text)
            reply, _ = await agent.reply(talk.prompt())
            talk.history.agent(turn, reply, cut=False)
            replies.append(reply)
    return replies, [(used.tool, used.ok) for used in recorder.used]


@pytest.mark.parametrize("name", ["receptionist-en", "receptionist-he"])
async def test_the_callers_lines_lead_to_a_booking_on_any_day(name: str) -> None:
    playbook = load_playbook(name, "")
    for today in DAYS:
        async with offices(Settings.of(), today) as rooms:
            replies, used = await said_and_done(playbook, today, rooms)
        assert ("calendar.create", True) in used, (today, replies)
        assert ("leads.upsert", True) in used, (today, replies)
        assert replies[-1] in playbook.phrases["goodbye"] or playbook.closing in replies[-1], (today, replies)


def test_the_meeting_is_at_a_time_at_which_somebody_is_there() -> None:
    playbook = load_playbook("receptionist-en", "")
    for today in DAYS:
        text = next(line.text for line in lines(playbook, today) if "o'clock" in line.text)
        day = next(day for n in range(1, 8) if text.startswith(f"{(day := today + timedelta(n)):%A}"))
        assert open_at(playbook.hours, playbook.holidays, datetime(day.year, day.month, day.day, 10)), (today, text)


def test_what_is_missing_of_a_booking_is_named() -> None:
    call = CallRow("CA1", NOTHING, "", "AI", 1, 0, 1, "stop", None, 0)
    nothing = Kept(Conversation(call, (), (), ()), Dealings())
    assert nothing.missing("en-US") == [
        "a lead", "a meeting at ten", "a summary", "the name Miller", "the number 0123",
    ]  # fmt: skip
