"""Opening hours may be told, and no free time be made of them."""

from __future__ import annotations

import pytest

from agentd.core.governor_facts import Facts, open_hours

HOURS = {"sun": ("09:00-18:00",), "mon": ("09:00-13:00", "14:30-18:00"), "thu": ("09:00-18:00",), "sat": ()}
FACTS = open_hours(HOURS)


@pytest.mark.parametrize(
    "text",
    [
        "We are open on Sunday from nine to six.",
        "On Monday we close at one and open again at half past two.",
        "We're closed on Saturday.",
        "אנחנו פתוחים ביום חמישי מתשע עד שש.",
        "בשבת סגור.",
        "שעות הפתיחה ביום ראשון: 9:00 עד 18:00.",
    ],
)
def test_what_the_playbook_says_of_its_hours_is_true(text: str) -> None:
    assert FACTS.unknown(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "I can see you on Sunday at nine.",  # a free time, and nobody has looked
        "We are open until eight.",
        "We are open on Saturday.",
        "We are closed on Sunday at six.",
        "אפשר ביום ראשון בתשע.",
        "אנחנו פתוחים בשבת.",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert FACTS.unknown(text) is not None


def test_facts_join_and_a_business_without_hours_states_none() -> None:
    assert open_hours({}) == Facts()
    assert (Facts() | FACTS | Facts()).unknown("We are open on Sunday.") is None
