"""The port to whoever looks after a call when it is over: reads what was said, acts through the gate, and sums up.

A plugin may bring one (`agentd_back_office`); the process that runs durable jobs asks it for the summary. What it may
do is decided by the desk it is given, whatever it reads: words in a conversation are material, never instructions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agentd.core.playbook import Playbook
from agentd.core.speech import Message
from agentd.events import NOTHING, Private
from agentd.tools import ToolDesk


@dataclass(frozen=True, slots=True)
class Case:
    """A call that is over. `said`: the conversation as it was heard, oldest first. `slots`: what was understood, by
    name. `state`: what an earlier `after_call` of the same call left in `Waiting`."""

    call_sid: str
    caller: Private
    playbook: Playbook
    said: tuple[Message, ...] = field(repr=False)
    slots: Mapping[str, str] = field(repr=False)
    state: Private = NOTHING


@dataclass(frozen=True, slots=True)
class Closed:
    """There is nothing more to do. `summary`: a few sentences in the playbook's language."""

    summary: Private


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person has yet to decide on a tool (`ToolAnswer.pending`). Keep `state` (text, some 100 kB at most) and ask
    again with it once they have; another process may."""

    state: Private


class BackOffice(Protocol):
    async def after_call(self, case: Case, desk: ToolDesk) -> Closed | Waiting:
        """Do what the call asks for, by `desk`, and sum it up. Raises `EngineError`; after one that is retryable the
        same case may be asked for again: each effect has its key, and is made once. How long it may take is for the
        caller to say. Cancel: an effect that has begun is finished."""
