"""A business's hours may be told to callers; other hours are inventions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from agentd.agents.playbook_file import load_playbook
from agentd.core.governor import Governor
from agentd.core.governor_manners import Manners
from agentd.core.governor_so_far import SaidSoFar
from agentd.core.speech import Message

HOURS = {"sun": ("09:00-18:00",), "fri": ("09:00-13:00",), "sat": ()}


def refused(name: str, reply: str) -> bool:
    playbook = replace(load_playbook(name, ""), hours=HOURS)
    manners = Manners(playbook, first_words=24, max_chars=420, today=date(2026, 11, 24))
    governor = Governor(manners.rules([Message("caller", "when are you open")], 0, SaidSoFar()))
    governor.feed(reply)
    governor.finish()
    return any(act.what == "refused" for act in governor.acts)


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("receptionist-en", "We are open on Friday until 1 p.m."),
        ("receptionist-en", "On Sunday from nine to six."),
        ("receptionist-he", "ביום שישי פתוח עד אחת בצהריים."),
        ("receptionist-he", "אנחנו פה ביום ראשון מ-9:00 עד 18:00."),
        ("receptionist-en", "We're closed on Saturday."),
        ("receptionist-he", "בשבת סגור."),
    ],
)
def test_the_hours_of_the_playbook_may_be_said(name: str, reply: str) -> None:
    assert not refused(name, reply)


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("receptionist-en", "We are open on Sunday until 10 p.m."),
        ("receptionist-he", "ביום ראשון פתוח עד עשר בערב."),
        ("receptionist-en", "We are open on Saturday."),
        ("receptionist-he", "אנחנו פתוחים בשבת."),
        ("receptionist-en", "I can see you on Sunday at nine."),  # a free time, and nobody has looked
        ("receptionist-he", "אפשר ביום ראשון בתשע."),
    ],
)
def test_other_hours_may_not(name: str, reply: str) -> None:
    assert refused(name, reply)
