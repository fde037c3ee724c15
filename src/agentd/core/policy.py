"""What a tool call is to the gate that judges it: the words every part of the house uses for tools."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What running a tool changes. READ: nothing. OURS: rows of ours, which can be changed back. OUTSIDE: something
    that reaches a person or another system, and cannot be taken back."""

    READ = "read"
    OURS = "ours"
    OUTSIDE = "outside"


class Agent(StrEnum):
    """Who asks. Each has its own tools (SPEC 7.2)."""

    VOICE = "voice"
    WHATSAPP = "whatsapp"
    BACK_OFFICE = "back-office"


class Ruling(StrEnum):
    ALLOW = "allow"
    ASK = "ask"  # a person decides
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rule` names the rule that decided, for the audit trail; `why` is a sentence for the model and the operator,
    without personal data."""

    ruling: Ruling
    rule: str
    why: str = ""
