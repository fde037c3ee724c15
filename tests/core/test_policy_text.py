"""What a telephone makes tappable, numbers in a text, and the same number in many spellings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.core.phone_number import digits_said, e164, was_said
from agentd.core.policy_text import links, numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://evil.example/pay?x=1 now", ["evil.example"]),
        ("www.evil.com", ["evil.com"]),
        ("(see https://office.example), or http://office.example.", ["office.example", "office.example"]),
        ("Evil.CO.IL/deal", ["evil.co.il"]),
        ("http://user@evil.example", ["evil.example"]),
        ("bit.ly/3x", ["bit.ly"]),
        ("evil\u200b.com", ["evil.com"]),
        ("evil．com", ["evil.com"]),
        ("http://192.0.2.7/a", ["192.0.2.7"]),
        ("192.0.2.7/a", ["192.0.2.7"]),
        ("write to thief@evil.example", ["thief@evil.example"]),
        ("לחצו על evil.co.il עכשיו", ["evil.co.il"]),
        ("אתר.קום", ["אתר.קום"]),
        ("tel:1700555666", ["1700555666"]),
        ("whatsapp://send?text=x", ["send"]),
        ("xn--80ak6aa92e.com", ["xn--80ak6aa92e.com"]),
        ("Tuesday, March 3 at 10:00, 1.5 hours, 2.30 p.m.", []),
        ("נתראה ביום שלישי, 3.3.2026 בשעה 10:00.", []),
        ("Your data: name and number.", []),
        ("Dr. Levi, 12.5 sq.", []),
    ],
)
def test_links(text: str, found: list[str]) -> None:
    assert list(links(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call 052-111-2222 now", ["0521112222"]),
        ("+972 52 111 2222", ["972521112222"]),
        ("1-700-555-666", ["1700555666"]),
        ("dial oh five two... no: zero five two one one one two two two two", ["0521112222"]),
        ("חייגו אפס חמש שתיים אחת אחת אחת שתיים שתיים שתיים שתיים", ["0521112222"]),
        ("0️⃣5️⃣2️⃣1️⃣1️⃣1️⃣2️⃣2️⃣2️⃣2️⃣", ["0521112222"]),
        ("０５２-111-2222", ["0521112222"]),
        ("Tuesday, March 3 at 10:00 or 10:30, 4 rooms, 2 500 000", []),
        ("ביום שלישי, 3 במרץ, בשעה עשר וחצי, שלושה חדרים", []),
        ("(03) 555.1234", ["035551234"]),
        ("on 3.3.2026 10:00, or 2026-03-03T10:30", []),
        ("2,500,000 shekels", []),
        ("code 1234", []),
    ],
)
def test_numbers(text: str, found: list[str]) -> None:
    assert list(numbers(text)) == found


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("050-123-4567", "+972501234567"),
        ("+972501234567", "+972501234567"),
        ("972501234567", "+972501234567"),
        ("00972501234567", "+972501234567"),
        ("+972 (0)50 123 4567", "+972501234567"),
        ("whatsapp:+972501234567", "+972501234567"),
        ("03-555 1234", "+97235551234"),
        ("+1 (212) 555-0100", "+12125550100"),
        ("anonymous", ""),
        ("", ""),
        ("1234567", ""),
        ("٠٥٠١٢٣٤٥٦٧", ""),
        ("+9725012345671234", ""),
        ("+0501234567", ""),
    ],
)
def test_one_number_in_many_spellings(written: str, same: str) -> None:
    assert e164(written) == same


@pytest.mark.parametrize(
    "texts",
    [
        ["052 111 2222"],
        ["it's 052", "triple one", "052-111-2222"],
        ["oh five two, one one one, two two two two"],
        ["אפס חמש שתיים אחת אחת אחת", "שתיים שתיים שתיים שתיים"],
        ["+972 52 111 2222"],
        ["0521112222"],
    ],
)
def test_a_number_said_in_any_way_was_said(texts: list[str]) -> None:
    assert was_said("+972521112222", digits_said(texts))
    assert not was_said("+972521112223", digits_said(texts))


def test_nothing_said_is_no_number() -> None:
    assert not was_said("", "0521112222")
    assert not was_said("+97212", "12")


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    list(links(text))
    list(numbers(text))
    assert e164(e164(text)) == e164(text)
