"""The states of a call and the only ways between them (SPEC 2.8)."""

from __future__ import annotations

from enum import StrEnum

from agentd.errors import IllegalTransition


class State(StrEnum):
    LISTENING = "LISTENING"
    PROCESSING = "PROCESSING"
    SPEAKING = "SPEAKING"


TABLE: dict[tuple[State, State], frozenset[str]] = {
    (State.LISTENING, State.PROCESSING): frozenset({"eou", "greeting", "prompt", "resume", "goodbye"}),
    (State.PROCESSING, State.SPEAKING): frozenset({"speech"}),
    (State.PROCESSING, State.LISTENING): frozenset({"caller-went-on", "empty", "duplicate", "cancelled"}),
    (State.SPEAKING, State.LISTENING): frozenset({"done", "barge-in", "hang-up"}),
}


def check(old: State, new: State, cause: str) -> None:
    """Raise `IllegalTransition` unless the table holds this change for this cause."""
    if cause not in TABLE.get((old, new), frozenset()):
        raise IllegalTransition(f"{old} -> {new} ({cause})")
