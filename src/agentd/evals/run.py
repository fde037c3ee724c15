"""Playing many scripts against one brain, some at a time, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import trio

from agentd.agents.prompting import PromptSettings, system_prompt
from agentd.core.governor import Act, Governor
from agentd.core.governor_manners import Manners
from agentd.core.playbook import Playbook
from agentd.core.speech import Message, Prompt, Token
from agentd.engines import LLM
from agentd.errors import ConfigError, EngineError
from agentd.evals.conversation import Exchange, Talk, converse
from agentd.evals.judging import SlotReader, judge
from agentd.evals.keeping import broken
from agentd.evals.script import CLOSING, CONFIRM, Script

AT_ONCE = 4  # dialogues; a provider's limits are the caller's own
REPLY_S = 30.0  # a model that is slower than this has not answered


@dataclass(frozen=True, slots=True)
class Outcome:
    """`slots`: {slot: (wanted, got, right)}. `turns`: of the caller until the closing, 0 for never. `broken`: rules."""

    script: Script
    playbook: str
    slots: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    turns: int = 0
    exchanges: tuple[Exchange, ...] = ()

    @property
    def right(self) -> int:
        return sum(right for _, _, right in self.slots.values())


@dataclass(frozen=True, slots=True)
class Bench:
    """What the dialogues are played with. `reader` reads the slots of a brain that cannot say what it knows."""

    brain: LLM
    reader: SlotReader
    settings: PromptSettings
    max_words: int
    today: date


async def run_all(
    bench: Bench, scripts: Sequence[tuple[Script, Playbook]], done: Callable[[Outcome], None] = lambda _: None
) -> list[Outcome]:
    """One outcome for each script, in their order; `done` as each is there. An engine's failure breaks its dialogue."""
    outcomes: list[Outcome | None] = [None] * len(scripts)
    limit = trio.Semaphore(AT_ONCE)

    async def one(at: int, script: Script, playbook: Playbook) -> None:
        async with limit:
            outcomes[at] = outcome = await play(bench, script, playbook)
        done(outcome)

    async with trio.open_nursery() as nursery:
        for at, (script, playbook) in enumerate(scripts):
            nursery.start_soon(one, at, script, playbook)
    return [outcome for outcome in outcomes if outcome is not None]


async def play(bench: Bench, script: Script, playbook: Playbook) -> Outcome:
    """Play one script."""
    system = system_prompt(playbook, bench.settings)

    def prompts(messages: tuple[Message, ...]) -> Prompt:
        return Prompt(f"eval-{script.name}", playbook, system, messages, bench.max_words)

    manners = Manners(playbook, first_words=bench.max_words, max_chars=bench.settings.llm_max_chars, today=bench.today)
    talk = Talk(script, playbook, prompts)
    failed: list[str] = []
    try:
        await converse(talk, partial(_reply, bench, manners))
    except* EngineError as group:
        failed = [f"engine: {error}" for error in group.exceptions]
    except* trio.TooSlowError:
        failed = [f"engine: no reply within {REPLY_S:g} s"]
    slots = judge(talk, bench.brain, bench.reader, bench.today)
    return Outcome(script, playbook.name, slots, failed + broken(talk), talk.turns, tuple(talk.exchanges))


def check_names(script: Script, playbook: Playbook) -> None:
    """Raise `ConfigError` for a slot that the playbook has not got."""
    names = [slot.name for slot in playbook.slots]
    moments = (CONFIRM, CLOSING)
    for part, keys, extra in (("caller", script.answers, moments), ("expect.slots", script.expect.slots, ())):
        for key in keys:
            if key not in (*names, *extra):
                known = ", ".join((*names, *extra))
                problem = f"{playbook.name} has no slot of that name (dialogue {script.name!r})"
                raise ConfigError(script.where, f"{part}.{key}", problem, f"use one of {known}")


async def _reply(bench: Bench, manners: Manners, prompt: Prompt) -> tuple[str, tuple[Act, ...]]:
    """The whole reply, through the governor as in a call; tool calls do nothing here."""
    nth = sum(message.role == "agent" for message in prompt.messages)
    governor = Governor(manners.rules(prompt.messages, nth))
    with trio.fail_after(REPLY_S):
        async with bench.brain.reply(prompt) as tokens:
            async for token in tokens:
                if isinstance(token, Token):
                    governor.feed(token.text)
    governor.finish()
    return " ".join(governor.said).strip(), tuple(governor.acts)
