"""What a run came to: figures, rows of a table, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentd.evals.conversation import Exchange
from agentd.evals.run import Outcome

COLUMNS = ("dialogue", "slots filled", "rules", "tools right", "turns to close", "what went wrong")


@dataclass(frozen=True, slots=True)
class Figures:
    """Percentages of 100; `turns`: of the dialogues that closed, on average."""

    dialogues: int
    slots: int
    slots_right: int
    kept: int
    turns: float
    with_tools: int = 0
    tools_right: int = 0

    @property
    def slots_percent(self) -> float:
        return 100.0 * self.slots_right / self.slots if self.slots else 100.0

    @property
    def tools_percent(self) -> float:
        return 100.0 * self.tools_right / self.with_tools if self.with_tools else 100.0

    @property
    def rules_percent(self) -> float:
        return 100.0 * self.kept / self.dialogues if self.dialogues else 100.0


def figures(outcomes: Sequence[Outcome]) -> Figures:
    turns = [each.turns for each in outcomes if each.turns]
    with_tools = [each for each in outcomes if each.script.expect.tools is not None]
    return Figures(
        dialogues=len(outcomes),
        slots=sum(len(each.slots) for each in outcomes),
        slots_right=sum(each.right for each in outcomes),
        kept=sum(not each.broken for each in outcomes),
        turns=sum(turns) / len(turns) if turns else 0.0,
        with_tools=len(with_tools),
        tools_right=sum(not each.tools_wrong for each in with_tools),
    )


def rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """One for each dialogue, in the order of `COLUMNS`."""
    return [
        (
            f"{each.playbook}: {each.script.name}",
            f"{each.right}/{len(each.slots)}",
            "kept" if not each.broken else f"{len(each.broken)} broken",
            "-" if each.script.expect.tools is None else "wrong" if each.tools_wrong else "right",
            str(each.turns or "-"),
            "; ".join([*_wrong(each), *each.broken, *filter(None, [each.tools_wrong])]),
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
        "tools_percent": round(total.tools_percent, 1),
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
                "tools": [{"tool": used.tool, "ok": used.ok} for used in each.used],
                "tools_wrong": each.tools_wrong,
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
