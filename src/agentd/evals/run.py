"""Playing many scripts against one brain, some at a time, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from zoneinfo import ZoneInfo

import trio

from agentd.agents.prompting import system_prompt
from agentd.call.tool_use import NoTools
from agentd.config import Settings
from agentd.core.governor import Act
from agentd.core.governor_manners import Manners
from agentd.core.playbook import Playbook
from agentd.core.policy import Effect
from agentd.core.slots import Tracker
from agentd.core.speech import Message, Prompt
from agentd.engines import LLM
from agentd.errors import ConfigError, EngineError
from agentd.evals.conversation import Exchange, Talk, converse
from agentd.evals.judging import SlotReader, judge
from agentd.evals.keeping import broken
from agentd.evals.office import OPENS, Offices, offices
from agentd.evals.replying import Agent, Recorder, Used
from agentd.evals.script import MOMENTS, Script

AT_ONCE = 4  # dialogues; a provider's limits are the caller's own
REPLY_S = 30.0  # a model that is slower than this has not answered


@dataclass(frozen=True, slots=True)
class Outcome:
    """`slots`: {slot: (wanted, got, right)}. `turns`: of the caller until the closing, 0 for never. `broken`: rules.
    `used`: tools, in their order; `tools_wrong`: what is wrong with them, "" for nothing."""

    script: Script
    playbook: str
    slots: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    turns: int = 0
    exchanges: tuple[Exchange, ...] = ()
    used: tuple[Used, ...] = ()
    tools_wrong: str = ""

    @property
    def right(self) -> int:
        return sum(right for _, _, right in self.slots.values())


@dataclass(frozen=True, slots=True)
class Bench:
    """What the dialogues are played with. `reader` reads the slots of a brain that cannot say what it knows."""

    brain: LLM
    reader: SlotReader
    settings: Settings
    today: date

    @property
    def max_words(self) -> int:
        return self.settings.ai_max_words_first_reply


async def run_all(
    bench: Bench, scripts: Sequence[tuple[Script, Playbook]], done: Callable[[Outcome], None] = lambda _: None
) -> list[Outcome]:
    """One outcome for each script, in their order; `done` as each is there. An engine's failure breaks its dialogue."""
    outcomes: list[Outcome | None] = [None] * len(scripts)
    limit = trio.Semaphore(AT_ONCE)

    async def one(at: int, script: Script, playbook: Playbook) -> None:
        async with limit:
            outcomes[at] = outcome = await play(bench, script, playbook, rooms)
        done(outcome)

    async with offices(bench.settings, bench.today) as rooms, trio.open_nursery() as nursery:
        for at, (script, playbook) in enumerate(scripts):
            nursery.start_soon(one, at, script, playbook)
    return [outcome for outcome in outcomes if outcome is not None]


async def play(bench: Bench, script: Script, playbook: Playbook, rooms: Offices) -> Outcome:
    """Play one script. No day is a holiday in it: what callers ask for must be there on whatever day it is played."""
    playbook = replace(playbook, holidays=())
    now = datetime.combine(bench.today, OPENS, ZoneInfo(playbook.timezone))
    tools = script.expect.tools is not None and bench.settings.agents_enabled
    settings = bench.settings if tools else bench.settings.model_copy(update={"agents_enabled": False})
    tracker = Tracker(playbook, bench.today)

    def prompts(messages: tuple[Message, ...]) -> Prompt:
        system = system_prompt(playbook, settings, now, tracker.understand(messages))
        return Prompt(f"eval-{script.name}", playbook, system, messages, bench.max_words)

    manners = Manners(playbook, first_words=bench.max_words, max_chars=bench.settings.llm_max_chars, today=bench.today)
    talk = Talk(script, playbook, prompts, bench.today)
    failed: list[str] = []
    desk = Recorder(NoTools())
    noted: dict[str, str] = {}
    try:
        async with AsyncExitStack() as stack:
            if tools:
                desk.desk = await stack.enter_async_context(rooms.desk(playbook, _sid(script), lambda event: None))
            tasks = await stack.enter_async_context(trio.open_nursery())
            agent = Agent(bench.brain, talk, manners, desk, tasks, bench.today)
            noted = agent.noted
            await converse(talk, partial(_in_time, agent))
    except* EngineError as group:
        failed = [f"engine: {error}" for error in group.exceptions]
    except* trio.TooSlowError:
        failed = [f"engine: no reply within {REPLY_S:g} s"]
    slots = judge(talk, bench.brain, bench.reader, bench.today, noted)
    wrong = tools_wrong(script.expect.tools, desk) if tools else ""
    return Outcome(
        script, playbook.name, slots, failed + broken(talk), talk.turns, tuple(talk.exchanges), tuple(desk.used), wrong
    )


def tools_wrong(wanted: Sequence[str] | None, desk: Recorder) -> str:
    """What is wrong with the tools that were used; "" for nothing. More looking up is none of it."""
    done = [used.tool for used in desk.used if used.ok]
    at = 0
    for tool in done:
        at += at < len(wanted or ()) and tool == (wanted or ())[at]
    if at < len(wanted or ()):
        return f"tools: {(wanted or ())[at]} was not used, only {', '.join(done) or 'none'}"
    extra = [tool for tool in done if desk.effect(tool) is not Effect.READ and tool not in (wanted or ())]
    return f"tools: {extra[0]} was used" if extra else ""


def check_names(script: Script, playbook: Playbook) -> None:
    """Raise `ConfigError` for a slot that the playbook has not got."""
    names = [slot.name for slot in playbook.slots]
    for part, keys, extra in (("caller", script.answers, MOMENTS), ("expect.slots", script.expect.slots, ())):
        for key in keys:
            if key not in (*names, *extra):
                known = ", ".join((*names, *extra))
                problem = f"{playbook.name} has no slot of that name (dialogue {script.name!r})"
                raise ConfigError(script.where, f"{part}.{key}", problem, f"use one of {known}")


async def _in_time(agent: Agent, prompt: Prompt) -> tuple[str, tuple[Act, ...]]:
    with trio.fail_after(REPLY_S):
        return await agent.reply(prompt)


def _sid(script: Script) -> str:
    """A CallSid for the tools; the same for the same dialogue."""
    return "CA" + sha256(f"{script.where}{script.name}".encode()).hexdigest()[:32]
