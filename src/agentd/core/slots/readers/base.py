"""What every reader of a slot gets and gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from agentd.core.playbook import Slot
from agentd.core.slots.speech import Speech


@dataclass(frozen=True, slots=True)
class Ask:
    """`asked`: the agent has just asked for this slot, so that a bare answer counts; otherwise only what cannot be
    anything else does. `before`: the `known` of an answer that was not whole yet."""

    slot: Slot
    asked: bool
    speech: Speech
    region: str  # "IL", "US"
    today: date
    before: object = None


@dataclass(frozen=True, slots=True)
class Found:
    """`value` as the agent would say it. `rest`: the text without it. `sure` false: confirm it. `whole` false: a part
    of the answer, kept in `known` for the next one."""

    value: str
    rest: str = ""
    sure: bool = True
    whole: bool = True
    known: object = None


def canonical(found: Found) -> str:
    """The value as data: what the reader knows, or what it says."""
    return str(found.known) if found.known is not None else found.value


def without(text: str, start: int, end: int) -> str:
    """The text with a hole, which stops words on both sides from meaning something together."""
    return f"{text[:start].rstrip()} , {text[end:].lstrip()}".strip(" ,")
