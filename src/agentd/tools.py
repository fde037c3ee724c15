"""The port to tools: what a tool is, what it is given, and what a call may ask of its tools. No behaviour.

A tool takes a frozen struct and returns one; their JSON schemas are what a model is shown and what is validated. It
reaches the world only through `ToolRun.office`, which has the permissions of the agent that asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from agentd.core.playbook import Playbook
from agentd.core.policy import Agent, Effect
from agentd.core.speech import Message, ToolCall, ToolOffer
from agentd.errors import AgentdError, Fault
from agentd.events import Private
from agentd.office import Office


class ToolError(AgentdError):
    """The tool could not do it, and says why in a sentence that a model may read: no personal data, no secret."""

    code = "tool"
    fault = Fault.PEER


@dataclass(frozen=True, slots=True)
class ToolRun:
    """What a tool is given beside its arguments. `key` is the idempotency key: the same call asked twice has the same
    key, and its effect is made once. `call_sid` is "" outside a call."""

    agent: Agent
    key: str
    call_sid: str
    caller: Private
    playbook: Playbook
    office: Office
    now: Callable[[], datetime]  # aware, in the playbook's time zone


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `run(arguments, run)` is awaited for at most `deadline_s`, and raises `ToolError` for what it cannot
    do. A cancel reaches it only while `effect` is READ: what has an effect is left to finish.

    `name` is "area.verb"; `summary` is for a model.
    """

    name: str
    summary: str
    arguments: type[msgspec.Struct]
    result: type[msgspec.Struct]
    run: Callable[[Any, ToolRun], Awaitable[msgspec.Struct]]
    effect: Effect = Effect.READ
    deadline_s: float = 5.0


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What came of one tool call, whatever it was. `result` is JSON for the model: the tool's result, or
    `{"error": "...", "say": "..."}` where `say`, if there, is what the caller should be told. `pending`: a person
    decides, and has not yet."""

    result: str
    ok: bool
    pending: bool = False


class ToolDesk(Protocol):
    """The tools of one conversation and one agent, behind the gate. Made when it begins, with its facts."""

    @property
    def offers(self) -> tuple[ToolOffer, ...]:
        """What a model is offered; () when tools are switched off."""

    def effect(self, name: str) -> Effect:
        """Of a tool by name; READ for one that does not exist."""

    async def run(self, call: ToolCall, said: Sequence[Message], turn: int) -> ToolAnswer:
        """Validate, judge, perhaps wait for a person, run, record. Never raises but for a cancel. `said` is the
        conversation so far, tool results included: arguments are held against it. `turn`: for the record. A cancel ends
        whatever has no effect, a wait for a person included; an effect that has begun is finished and recorded, in a
        shield of the tool's `deadline_s`."""

    async def aclose(self) -> None:
        """The conversation is over: approvals that wait for it die."""
