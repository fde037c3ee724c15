"""The law for tool calls: what may run, what a person decides, what never runs. Pure: facts in, a verdict out.

It holds even when the model obeys an attacker, because nothing here is a matter of wording: arguments are compared with
what the caller said, what tools returned, and who is calling. What people have written (notes, messages, names, titles)
is never a fact. The rules are in `policy_rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agentd.core.governor_facts import Facts


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


@dataclass(frozen=True, slots=True)
class Grants:
    """What the result of a tool allows later in the same conversation; only what the tool itself vouches for.

    `starts`: times that may be booked, as `windows.local_iso` writes them. `customers`, `leads`: ids, with the number
    (E.164) of whom they are. `facts`: text whose prices, times and days are true.
    """

    starts: frozenset[str] = frozenset()
    customers: Mapping[str, str] = field(default_factory=dict)
    leads: Mapping[str, str] = field(default_factory=dict)
    facts: str = ""

    def __or__(self, other: Grants) -> Grants:
        return Grants(
            self.starts | other.starts,
            {**self.customers, **other.customers},
            {**self.leads, **other.leads},
            f"{self.facts}\n{other.facts}".strip(),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One tool call. `effect` is None when there is no tool of that name. `wrong`: why the arguments are none of the
    tool's, "" when they are. `again`: this very call was allowed before in this conversation; its effect is made once,
    so it is no second one."""

    agent: Agent
    tool: str
    effect: Effect | None
    arguments: Mapping[str, Any]
    wrong: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of a conversation.

    `tools`: those of the agent. `caller`: who calls or writes, by the network's word, E.164; "" when withheld.
    `digits`: all that they have said or keyed. `may_say`: what is true. `links`, `numbers`, `templates`: the business's
    own. `recordings`: of this call. `used`: effects so far, by tool; `calls`: calls so far, of this tool;
    `sent_today`: messages of the whole house in the last 24 hours.
    """

    tools: frozenset[str]
    caller: str = ""
    call_sid: str = ""
    digits: str = ""
    grants: Grants = field(default_factory=Grants)
    may_say: Facts = field(default_factory=Facts)
    links: frozenset[str] = frozenset()
    numbers: str = ""
    templates: frozenset[str] = frozenset()
    recordings: frozenset[str] = frozenset()
    used: Mapping[str, int] = field(default_factory=dict)
    calls: int = 0
    sent_today: int = 0


@dataclass(frozen=True, slots=True)
class House:
    """What the operator has decided. `ask`: tools that always wait for a person."""

    enabled: bool = True
    production: bool = True
    ask: frozenset[str] = frozenset()
    sends_per_day: int = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """`decide` returns a ruling and why, or None: this rule has nothing to say. `name` is for the audit trail."""

    name: str
    decide: Callable[[Asked, Known, House], tuple[Ruling, str] | None]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in their order. The first that forbids counts; if none does, the first that asks."""

    house: House
    rules: tuple[Rule, ...]

    def judge(self, asked: Asked, known: Known) -> Verdict:
        ask: Verdict | None = None
        for rule in self.rules:
            if (decided := rule.decide(asked, known, self.house)) is not None:
                ruling, why = decided
                verdict = Verdict(ruling, rule.name, why)
                if ruling is Ruling.DENY:
                    return verdict
                ask = ask or verdict
        return ask or Verdict(Ruling.ALLOW, "allowed")
