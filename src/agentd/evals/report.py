"""What a run came to: figures, rows of a table, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentd.evals.conversation import Exchange
from agentd.evals.run import Outcome

COLUMNS = ("dialogue", "slots filled", "rules", "turns to close", "what went wrong")


@dataclass(frozen=True, slots=True)
class Figures:
    """Percentages of 100; `turns`: of the dialogues that closed, on average."""

    dialogues: int
    slots: int
    slots_right: int
    kept: int
    turns: float

    @property
    def slots_percent(self) -> float:
        return 100.0 * self.slots_right / self.slots if self.slots else 100.0

    @property
    def rules_percent(self) -> float:
        return 100.0 * self.kept / self.dialogues if self.dialogues else 100.0


def figures(outcomes: Sequence[Outcome]) -> Figures:
    turns = [each.turns for each in outcomes if each.turns]
    return Figures(
        dialogues=len(outcomes),
        slots=sum(len(each.slots) for each in outcomes),
        slots_right=sum(each.right for each in outcomes),
        kept=sum(not each.broken for each in outcomes),
        turns=sum(turns) / len(turns) if turns else 0.0,
    )


def rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """One for each dialogue, in the order of `COLUMNS`."""
    return [
        (
            f"{each.playbook}: {each.script.name}",
            f"{each.right}/{len(each.slots)}",
            "kept" if not each.broken else f"{len(each.broken)} broken",
            str(each.turns or "-"),
            "; ".join([*_wrong(each), *each.broken]),
        )
        for each in outcomes
    ]


def as_json(outcomes: Sequence[Outcome], engine: str) -> dict[str, Any]:
    """All of it, with every line that was said."""
    total = figures(outcomes)
    return {
        "engine": engine,
        "dialogues": total.dialogues,
        "slots_percent": round(total.slots_percent, 1),
        "rules_percent": round(total.rules_percent, 1),
        "turns_to_close": round(total.turns, 1),
        "outcomes": [
            {
                "name": each.script.name,
                "playbook": each.playbook,
                "about": list(each.script.about),
                "slots": {
                    slot: {"wanted": wanted, "got": got, "right": right}
                    for slot, (wanted, got, right) in each.slots.items()
                },
                "broken": each.broken,
                "turns_to_close": each.turns,
                "lines": [
                    {"caller": said.caller, "agent": said.agent, "asks": said.asks, "governor": _acts(said)}
                    for said in each.exchanges
                ],
            }
            for each in outcomes
        ],
    }


def _acts(said: Exchange) -> list[str]:
    return [f"{act.what}: {act.why}" for act in said.acts]


def _wrong(outcome: Outcome) -> list[str]:
    slots = outcome.slots.items()
    return [f"{slot}: {got or 'nothing'} instead of {wanted}" for slot, (wanted, got, right) in slots if not right]
