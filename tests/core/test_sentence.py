from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.sentence import Ending, ending


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", Ending.UNKNOWN),
        ("...", Ending.UNKNOWN),
        ("I am looking for a flat in Haifa.", Ending.UNKNOWN),
        ("I am looking for a", Ending.OPEN),
        ("My number is", Ending.OPEN),
        ("On Sunday,", Ending.OPEN),
        ("well I was thinking…", Ending.OPEN),
        ("yes", Ending.COMPLETE),
        ("Yes, please.", Ending.COMPLETE),
        ("No!", Ending.COMPLETE),
        ("yes I want the", Ending.OPEN),
        ("two", Ending.DIGITS),
        ("in 15", Ending.DIGITS),
        ("zero", Ending.OPEN),
        ("zero five", Ending.OPEN),
        ("five five", Ending.OPEN),
        ("two rooms", Ending.UNKNOWN),
        ("my number is oh five four", Ending.OPEN),
        ("054 123", Ending.OPEN),
        ("054-123-4567", Ending.COMPLETE),
        ("oh five four one two three four five six seven", Ending.COMPLETE),
        ("03 1234567", Ending.COMPLETE),
        ("212 555 0147", Ending.COMPLETE),
        ("1 212 555 0147", Ending.COMPLETE),
        ("+972 54 123 4567", Ending.COMPLETE),
        ("054 123 4567 8", Ending.OPEN),
        ("כן", Ending.COMPLETE),
        ("לא, תודה.", Ending.COMPLETE),
        ("אני מחפש דירה של", Ending.OPEN),
        ("אני מחפש דירה בחיפה", Ending.UNKNOWN),
        ("אפס חמש ארבע אחת", Ending.OPEN),
        ("אפס חמש ארבע אחת שתיים שלוש ארבע חמש שש שבע", Ending.COMPLETE),
        ("המספר שלי הוא", Ending.OPEN),
    ],
)
def test_endings(text: str, verdict: Ending) -> None:
    assert ending(text) is verdict


@given(st.text())
def test_any_text_has_an_ending(text: str) -> None:
    assert ending(text) in Ending


@given(st.from_regex(r"05\d{8}", fullmatch=True), st.integers(3, 9))
def test_a_number_is_open_until_its_last_digit(number: str, spoken: int) -> None:
    if number[:spoken] != number:
        assert ending(" ".join(number[:spoken])) is Ending.OPEN
    assert ending(" ".join(number)) is Ending.COMPLETE
