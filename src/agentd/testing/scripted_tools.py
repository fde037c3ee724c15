"""A desk of tools that does what a test says, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import trio

from agentd.core.playbook import Playbook
from agentd.core.policy import Effect
from agentd.core.speech import Message, ToolCall, ToolOffer
from agentd.events import ApprovalAsked, ApprovalOver, Event
from agentd.facts import CallFacts
from agentd.tools import ToolAnswer

Result = Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ScriptedTool:
    """`result`: what it returns, or a function of the arguments. `effect_s`: of `latency_s`, the part at the end in
    which an effect is under way and can no longer be stopped."""

    result: Result
    latency_s: float = 0.0
    effect: Effect = Effect.READ
    effect_s: float = 0.0
    approval_s: float = 0.0  # a person takes so long to approve it, before all else
    summary: str = "A tool of the test's."


class ScriptedTools:
    """A `ToolDesk`, and a factory of itself for `stage(tools=...)`. `begun` and `done`: (name, arguments) in their
    order; what was cancelled is in `begun` alone. `effects`: how many came to the point of no return. `seen`: the
    conversation that each call was shown."""

    def __init__(self, tools: Mapping[str, ScriptedTool]) -> None:
        self._tools = tools
        self.begun: list[tuple[str, dict[str, Any]]] = []
        self.done: list[tuple[str, dict[str, Any]]] = []
        self.seen: list[tuple[Message, ...]] = []
        self.closed = self.effects = 0

    def __call__(self, facts: CallFacts, playbook: Playbook, emit: Callable[[Event], None]) -> ScriptedTools:
        self._emit = emit
        return self

    @property
    def offers(self) -> tuple[ToolOffer, ...]:
        return tuple(ToolOffer(name, tool.summary, {"type": "object"}) for name, tool in self._tools.items())

    def effect(self, name: str) -> Effect:
        return self._tools[name].effect if name in self._tools else Effect.READ

    async def run(self, call: ToolCall, said: Sequence[Message], turn: int) -> ToolAnswer:
        self.begun.append((call.name, call.arguments))
        self.seen.append(tuple(said))
        tool = self._tools.get(call.name)
        if tool is None:
            return ToolAnswer('{"error": "no such tool"}', ok=False)
        if tool.approval_s:
            self._emit(ApprovalAsked(approval="1", tool=call.name))
            await trio.sleep(tool.approval_s)
            self._emit(ApprovalOver(approval="1", tool=call.name, state="used"))
        await trio.sleep(tool.latency_s - tool.effect_s)
        with trio.CancelScope(shield=tool.effect is not Effect.READ):
            self.effects += tool.effect is not Effect.READ
            await trio.sleep(tool.effect_s)
        self.done.append((call.name, call.arguments))
        result = tool.result(call.arguments) if callable(tool.result) else tool.result
        return ToolAnswer(json.dumps(result, ensure_ascii=False), ok=True)

    async def aclose(self) -> None:
        self.closed += 1
