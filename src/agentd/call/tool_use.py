"""The tools of one call, as its turns use them.

| the tool ...   | runs in            | a turn that is cut off ...                                          |
|----------------|--------------------|---------------------------------------------------------------------|
| `slots.note`   | place, at once     | -                                                                   |
| has no effect  | the turn's task    | ends it; it has never been                                          |
| has an effect  | a task of the call | leaves it alone: it is finished, recorded, and told at the next gap |
|   again, while | none: it waits for | -                                                                   |
|   on its way   | the one before     |                                                                     |

A call and its result enter the history in one step, when it is over. So a barge-in leaves neither a call without a
result nor a booking that nobody knows of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import trio

from agentd.core.history import History
from agentd.core.playbook import Playbook
from agentd.core.policy import Effect
from agentd.core.slots import NOTE
from agentd.core.speech import Message, ToolCall, ToolOffer
from agentd.events import Event
from agentd.facts import CallFacts
from agentd.tools import ToolAnswer, ToolDesk


class NoTools:
    """A desk without tools: for a house that offers none."""

    offers: tuple[ToolOffer, ...] = ()

    def effect(self, name: str) -> Effect:
        return Effect.READ

    async def run(self, call: ToolCall, said: Sequence[Message], turn: int) -> ToolAnswer:
        return ToolAnswer('{"error": "there are no tools"}', ok=False)

    async def aclose(self) -> None: ...


def no_tools(facts: CallFacts, playbook: Playbook, emit: Callable[[Event], None]) -> ToolDesk:
    return NoTools()


@dataclass(slots=True)
class _Errand:
    """One tool with an effect on its way. `awaited`: a turn still waits for it. `scope`: until its effect begins."""

    turn: int
    call: ToolCall
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    over: trio.Event = field(default_factory=trio.Event)  # with `message`
    awaited: bool = True
    message: Message | None = None


class ToolUse:
    """`start` starts a task that the end of the call waits for. `note` merges a model's own account of the slots, and
    returns what the model should know of that. `unclaimed` is called when an effect came about after its turn was cut
    off."""

    def __init__(
        self,
        desk: ToolDesk,
        history: History,
        note: Callable[[ToolCall], str],
        start: Callable[[Callable[[], Awaitable[None]]], None],
        unclaimed: Callable[[ToolCall], None],
    ) -> None:
        self._desk, self._history, self._note = desk, history, note
        self._start, self._unclaimed = start, unclaimed
        self._under_way: list[_Errand] = []

    @property
    def offers(self) -> tuple[ToolOffer, ...]:
        return self._desk.offers

    def has_effect(self, call: ToolCall) -> bool:
        return call.name != NOTE and self._desk.effect(call.name) is not Effect.READ

    async def run(self, turn: int, call: ToolCall) -> Message:
        """One tool call of a turn that was committed: the call with its result, for the model's next prompt. Cancel:
        the turn is cut off; see above."""
        if call.name == NOTE:
            return Message("tool", self._note(call), call)
        if not self.has_effect(call):
            answer = await self._desk.run(call, self._history.messages(), turn)
            return self._history.tool(turn, call, answer.result)
        errand = self._same(call) or self._send(turn, call)
        errand.awaited = True
        try:
            await errand.over.wait()
        except trio.Cancelled:
            errand.awaited = False
            raise
        assert errand.message is not None
        return errand.message

    def close(self) -> None:
        """The call is over: what has had no effect yet has none. Synchronous."""
        for errand in self._under_way:
            errand.scope.cancel(reason="the call is over")

    def _same(self, call: ToolCall) -> _Errand | None:
        """What was asked for before, by a turn that was cut off, and is not over yet."""
        asked = call.name, call.arguments
        return next((errand for errand in self._under_way if (errand.call.name, errand.call.arguments) == asked), None)

    def _send(self, turn: int, call: ToolCall) -> _Errand:
        errand = _Errand(turn, call)

        async def go() -> None:
            await self._finish(errand)

        self._under_way.append(errand)
        self._start(go)
        return errand

    async def _finish(self, errand: _Errand) -> None:
        try:
            with errand.scope:
                answer = await self._desk.run(errand.call, self._history.messages(), errand.turn)
                errand.message = self._history.tool(errand.turn, errand.call, answer.result)
                errand.over.set()
        finally:
            self._under_way.remove(errand)
        if errand.message is not None and not errand.awaited:
            self._unclaimed(errand.call)
