"""What the lines of a caller make sayable, kept up line by line."""

from __future__ import annotations

from datetime import date

import pytest

from agentd.core import governor_so_far
from agentd.core.governor_facts import Facts, joined, said
from agentd.core.governor_so_far import KEPT, SaidSoFar

TODAY = date(2026, 11, 23)
LINES = ("Hi", "I live at 12 Herzl Street", "two and a half million", "tomorrow at ten", "מחר בעשר וחצי")


def all_at_once(*lines: str) -> Facts:
    return joined(said(line, TODAY) for line in lines)


def test_line_by_line_is_the_same_as_all_at_once() -> None:
    so_far = SaidSoFar()
    for end in range(len(LINES) + 1):
        assert so_far(LINES[:end], TODAY) == all_at_once(*LINES[:end])


def test_other_last_words_begin_where_they_differ() -> None:
    so_far = SaidSoFar()
    so_far(LINES, TODAY)
    other = (*LINES[:-1], "Friday at nine")
    assert so_far(other, TODAY) == all_at_once(*other)
    assert so_far(LINES[2:], TODAY) == all_at_once(*LINES[2:]), "the oldest are gone"


def test_a_turn_reads_its_new_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(line: str, today: date) -> Facts:
        read.append(line)
        return said(line, today)

    monkeypatch.setattr(governor_so_far, "said", noted)
    so_far, lines = SaidSoFar(), tuple(f"line {n}" for n in range(60))
    for end in range(1, len(lines) + 1):
        so_far(lines[:end], TODAY)
    assert tuple(read) == lines


def test_what_is_known_of_earlier_states_is_bounded() -> None:
    so_far = SaidSoFar()
    for n in range(KEPT + 10):
        so_far((f"state {n}",), TODAY)
    assert len(so_far._known) == KEPT
    assert (("state 9",), TODAY) not in so_far._known
