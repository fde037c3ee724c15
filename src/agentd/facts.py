"""What is known of a call before a word is spoken, and what the world may see of a call that is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentd.events import Private


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call at the door, as the webhook tells it. `caller` may be "anonymous"."""

    call_sid: str
    caller: Private
    called: str


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A call whose stream has been admitted. `generation` counts the streams of one CallSid from 1: only the
    newest may speak or end the call."""

    call_sid: str
    stream_sid: str
    account_sid: str
    caller: Private
    called: str
    generation: int = 1
    resumed: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """How a call ended. Written by the supervisor from the call's own state, exactly once per stream."""

    facts: CallFacts
    reason: str
    rx: int
    tx: int
    turns: int
    duration_s: float
    crash: str | None = None
