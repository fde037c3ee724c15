"""From a prompt to phrases: the model, the tools that it asks for, and the model again.

| the model ...                       | and so                                                                         |
|-------------------------------------|--------------------------------------------------------------------------------|
| says words                          | they go through the governor to the voice, phrase by phrase                    |
| calls tools                         | they run once the turn is committed (a guess runs no tool), in their order;    |
|                                     | then it is asked again, with the results, and a governor that knows them       |
|   only `slots.note`, beside words   | they are noted, and the reply is over: there is nothing to ask about           |
|   after its question                | only `slots.note` is done: who asks has not decided                            |
|   after words that were cut         | they run: what it has promised is done                                         |
|   for the fourth time               | nothing more is offered: it has to speak                                       |
| has nothing to say (any more)       | the scripted reply                                                             |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from agentd.call.relay import each
from agentd.call.tool_use import ToolUse
from agentd.core.governor import Governor
from agentd.core.slots import NOTE
from agentd.engines import LLM, Message, Prompt, Token, ToolCall

MOST_STEPS = 3  # rounds of tools in one turn: look up, book, tell; more is a loop (RELIABILITY 3)
MOST_CALLS = 8  # in one round

Say = Callable[[str], Awaitable[None]]


class Thinker(Protocol):
    """What thinking needs of the call's desk."""

    @property
    def llm(self) -> LLM: ...
    @property
    def tools(self) -> ToolUse: ...
    @property
    def next_question(self) -> Callable[[Sequence[Message]], str]: ...


class Thought:
    """One reply on its way. `governor` makes one for the reply to given messages; `accepted` waits until the turn is no
    guess any more."""

    def __init__(
        self,
        desk: Thinker,
        turn: int,
        governor: Callable[[Sequence[Message]], Governor],
        accepted: Callable[[], Awaitable[object]],
    ) -> None:
        self._desk, self._turn, self._governor, self._accepted = desk, turn, governor, accepted
        self.governors: list[Governor] = []
        self._effects: list[tuple[ToolCall, int]] = []  # what tools have done, and after how many words
        self.said = 0  # phrases handed on since the model was asked last

    def untold(self, heard: str) -> list[ToolCall]:
        """What tools have done of which a caller who heard so much of the reply has not heard a word."""
        return [call for call, words in self._effects if len(heard.split()) <= words]

    async def run(self, prompt: Prompt, say: Say) -> None:
        """Raises `EngineError` when the models fail; what was said by then was said. Cancel: see `ToolUse`."""
        for step in range(MOST_STEPS + 1):
            self.said = 0
            governor = self._governor(prompt.messages)
            self.governors.append(governor)
            calls = await self._ask(prompt, governor, say)
            notes = [call for call in calls if call.name == NOTE]
            if governor.asked or step == MOST_STEPS or (len(notes) == len(calls) and self.said):
                calls = notes
            results = await self._run(calls)
            if len(calls) == len(notes) and (self.said or not results):
                await self._hand_on(governor.finish(self._desk.next_question(prompt.messages)), say)
                return
            heard = (Message("agent", " ".join(governor.said)),) if governor.said else ()
            tools = () if step + 1 == MOST_STEPS else prompt.tools
            prompt = replace(prompt, messages=(*prompt.messages, *heard, *results), tools=tools)

    async def _ask(self, prompt: Prompt, governor: Governor, say: Say) -> list[ToolCall]:
        """Ask the model once. With tools on offer it is read to its end, as calls come last."""
        calls: list[ToolCall] = []

        async def take(item: Token | ToolCall) -> bool:
            if isinstance(item, Token):
                await self._hand_on(governor.feed(item.text), say)
            elif len(calls) < MOST_CALLS:
                calls.append(item)
            return governor.done and not prompt.tools  # nothing more of it would be said

        await each(self._desk.llm.reply(prompt), take)
        await self._hand_on(governor.pause(), say)
        return calls

    async def _run(self, calls: list[ToolCall]) -> list[Message]:
        if calls:
            await self._accepted()
        results = [await self._desk.tools.run(self._turn, call) for call in calls]
        words = sum(len(phrase.split()) for governor in self.governors for phrase in governor.said)
        self._effects += [(m.call, words) for m in results if m.call and self._desk.tools.has_effect(m.call)]
        return results

    async def _hand_on(self, phrases: list[str], say: Say) -> None:
        for phrase in phrases:
            await say(phrase)
            self.said += 1
