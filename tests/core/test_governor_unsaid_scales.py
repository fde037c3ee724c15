"""What callers leave out of an amount or a day is no reason to refuse its read-back."""

from __future__ import annotations

from datetime import date

import pytest

from agentd.core.governor_facts import said

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("caller", "agent"),
    [
        ("six point five K", "6,500 shekels"),
        ("one point two million", "1.2 million shekels"),
        ("a million eight hundred", "1.8 million shekels"),
        ("eight thousand, or even ten", "10,000 shekels"),
        ("two and a half", "2.5 million shekels"),
        ("מיליון שמונה", "1.8 מיליון שקלים"),
        ("התכוונתי למיליון ושבע מאות", "1.7 מיליון שקלים"),
        ("מיליון ותשע מאות, אולי שניים", "2 מיליון שקלים"),
        ("שניים וחצי", "2.5 מיליון שקלים"),
        ("שנים עשר אלף שקל", "12,000 שקלים"),
        ("שמונה אלף, אפשר גם עשר", "10,000 שקלים"),
        ("שישי בבוקר", "יום שישי, 27 בנובמבר בבוקר"),
        ("אפשר היום בארבע?", "היום בארבע אחר הצהריים"),
    ],
)
def test_an_amount_or_a_day_that_was_half_said_may_be_read_back(caller: str, agent: str) -> None:
    assert said(caller, TODAY).unknown(agent) is None


@pytest.mark.parametrize(
    ("caller", "agent"),
    [
        ("I need three rooms in the north of the city", "It costs 3 million shekels."),
        ("אני מחפש דירה של שלושה חדרים", "זה עולה 3 מיליון שקלים."),
        ("up to two million", "It costs 2.3 million shekels."),
    ],
)
def test_other_amounts_are_still_nobodys_word(caller: str, agent: str) -> None:
    assert said(caller, TODAY).unknown(agent) is not None
