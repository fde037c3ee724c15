"""The readers are warm before the first call: while somebody speaks nothing is loaded but, perhaps, how numbers look in
a country that was never named before."""

from __future__ import annotations

import subprocess
import sys

import pytest

PLAY = """
import sys
from datetime import date
from agentd.agents.playbook_file import load_playbook
from agentd.core.slots import Tracker, warm
from agentd.core.speech import Message

playbook, today = load_playbook(sys.argv[1], ""), date(2026, 11, 23)
if sys.argv[2] == "warm":
    warm(playbook, today)
before = set(sys.modules)
tracker = Tracker(playbook, today)
for line in sys.argv[3:]:
    tracker.understand([Message("agent", tracker.known().question), Message("caller", line)])
print(len(set(sys.modules) - before))
"""

HEBREW = ("דירה בחיפה", "שני מיליון וחצי", "הטלפון שלי 0524321123", "מחר בעשר")
ENGLISH = ("a flat in Haifa", "two and a half million", "my number is 212 555 0123", "tomorrow at ten")


def loaded(playbook: str, how: str, lines: tuple[str, ...]) -> int:
    """Modules that a first call loads, in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", PLAY, playbook, how, *lines], capture_output=True, check=True, text=True
    )
    return int(run.stdout)


@pytest.mark.parametrize(("playbook", "lines"), [("realestate-he", HEBREW), ("realestate-en", ENGLISH)])
def test_a_first_call_loads_next_to_nothing_once_the_readers_are_warm(playbook: str, lines: tuple[str, ...]) -> None:
    assert loaded(playbook, "cold", lines) > 50
    assert loaded(playbook, "warm", lines) <= 1
