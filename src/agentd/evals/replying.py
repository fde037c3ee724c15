"""One reply of an agent, as in a call: the model, its tools behind the gate, the governor; the words that are heard.

The same parts as in a call (`Thought`, `ToolUse`, `Tracker`) on the text path: no audio, no guesses, no barge-in.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import trio

from agentd.call.think import Thought
from agentd.call.tool_use import ToolUse
from agentd.core.governor import Act, Governor
from agentd.core.governor_manners import Manners
from agentd.core.governor_so_far import SaidSoFar
from agentd.core.policy import Effect
from agentd.core.slots import Tracker, note_offer
from agentd.core.slots.language import language_of
from agentd.core.slots.noting import read_note
from agentd.core.slots.readers import Ask
from agentd.core.slots.readers.base import canonical
from agentd.core.speech import Message, Prompt, ToolCall, ToolOffer
from agentd.engines import LLM
from agentd.evals.conversation import Talk
from agentd.tools import ToolAnswer, ToolDesk


@dataclass(slots=True)
class Used:
    """One tool call that came back."""

    tool: str
    ok: bool


@dataclass(slots=True)
class Recorder:
    """A desk that remembers what was asked of another one."""

    desk: ToolDesk
    used: list[Used] = field(default_factory=list)

    @property
    def offers(self) -> tuple[ToolOffer, ...]:
        return self.desk.offers

    def effect(self, name: str) -> Effect:
        return self.desk.effect(name)

    async def run(self, call: ToolCall, said: Sequence[Message], turn: int) -> ToolAnswer:
        answer = await self.desk.run(call, said, turn)
        self.used.append(Used(call.name, answer.ok))
        return answer

    async def aclose(self) -> None:
        await self.desk.aclose()


class Agent:
    """The agent of one dialogue. `noted`: what a model has noted of the slots, as data."""

    def __init__(
        self, llm: LLM, talk: Talk, manners: Manners, desk: ToolDesk, tasks: trio.Nursery, today: date
    ) -> None:
        self.llm, self._talk, self._manners, self._today = llm, talk, manners, today
        self.tools = ToolUse(desk, talk.history, self._note, self._start, lambda call: None)
        self._tracker, self._tasks = Tracker(talk.playbook, today), tasks
        self._so_far = SaidSoFar()
        self.noted: dict[str, str] = {}

    async def reply(self, prompt: Prompt) -> tuple[str, tuple[Act, ...]]:
        """The words that would be heard, and what the governor had to do to them. Raises `EngineError`."""
        said: list[str] = []

        async def say(phrase: str) -> None:
            said.append(phrase)

        tools = self.tools.offers
        offers = (note_offer(self._talk.playbook), *tools) if tools else ()
        thought = Thought(self, len(self._talk.exchanges) + 1, self._governor, trio.lowlevel.checkpoint)
        await thought.run(replace(prompt, tools=offers), say)
        return " ".join(said).strip(), tuple(act for governor in thought.governors for act in governor.acts)

    def next_question(self, messages: Sequence[Message]) -> str:
        return self._tracker.understand(messages).question

    def _governor(self, messages: Sequence[Message]) -> Governor:
        nth = sum(message.role == "agent" for message in messages)
        return Governor(self._manners.rules(messages, nth, self._so_far, next_question=self.next_question(messages)))

    def _note(self, call: ToolCall) -> str:
        self._tracker.understand(self._talk.history.messages())
        slots = call.arguments.get("slots")
        slots = slots if isinstance(slots, dict) else {}
        speech, region = language_of(self._talk.playbook)
        for slot in self._talk.playbook.slots:
            written = slots.get(slot.name)
            if isinstance(written, str) and (found := read_note(written, Ask(slot, True, speech, region, self._today))):
                self.noted[slot.name] = canonical(found)
        return json.dumps(self._tracker.note(slots) or {"noted": True}, ensure_ascii=False)

    def _start(self, task: Callable[[], Awaitable[None]]) -> None:
        self._tasks.start_soon(task)
