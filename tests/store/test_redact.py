"""What leaves a text, and what stays because the conversation was about it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentd.store.redact import clean, identity_number, luhn, redact, redact_json, redact_secrets

DIGITS = st.text("0123456789", min_size=12, max_size=18)


def with_check_digit(digits: str) -> str:
    return next(digits + last for last in "0123456789" if luhn(digits + last))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("my card is 4111 1111 1111 1111, until 12/27", "my card is [card], until 12/27"),
        ("4111-1111-1111-1111 123", "[card] 123"),
        ("378282246310005", "[card]"),
        ("card 4111 1111 1111 1112", "card [number]"),
        ("תעודת זהות 123456782", "תעודת זהות [id]"),
        ("12345678-2", "[id]"),
        ("write to dana.k+x@example.co.il.", "write to [email]."),
        ("call 050-123-4567 or +972 50 123 4567", "call ***567 or ***567"),
        ("0501234567", "***567"),
        ("(03) 123-4567", "***567"),
        ("972501234567", "***567"),
    ],
)
def test_what_is_about_a_person_leaves(text: str, kept: str) -> None:
    assert redact(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "2,500,000 shekels",
        "2500000",
        "on 10.11.2026 at 15:00",
        "2026-11-10 15:30",
        "3 rooms, 4th floor, 120 metres",
        "6 עד 8",
        "*2020",
        "",
    ],
)
def test_what_the_call_was_about_stays(text: str) -> None:
    assert redact(text) == text


@given(DIGITS, st.sampled_from(["", " ", "-"]), st.text("abc אבג .,:", max_size=10))
def test_no_card_number_survives_however_it_is_grouped(digits: str, between: str, around: str) -> None:
    card = with_check_digit("4" + digits[1:])
    grouped = between.join(card[i : i + 4] for i in range(0, len(card), 4))
    kept = redact(f"{around}{grouped}{around}")
    assert sum(c.isdigit() for c in kept) <= 6
    assert card not in kept.replace(between, "") if between else card not in kept


@given(st.text("0123456789", min_size=8, max_size=8))
def test_no_identity_number_survives(digits: str) -> None:
    number = next(digits + last for last in "0123456789" if luhn(digits + last))
    if identity_number(number):
        assert redact(f"id {number}") in ("id [id]",)


@given(st.text())
def test_redaction_never_fails_and_is_done_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)
    redact(text).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("my card is 4111 1111 1111 1111", "my card is [card]"),
        ("תעודת זהות 123456782", "תעודת זהות [id]"),
        ("call 050-123-4567 or dana@example.co.il", "call 050-123-4567 or dana@example.co.il"),
        ("his office: 03-6123457", "his office: 03-6123457"),
        ("036123457", "036123457"),
        ("+972 50 123 4567", "+972 50 123 4567"),
        ("123456782", "[id]"),
        ("2026-11-10 15:30", "2026-11-10 15:30"),
    ],
)
def test_secrets_leave_a_text_and_numbers_that_were_given_stay(text: str, kept: str) -> None:
    assert redact_secrets(text) == kept


PHONES = st.one_of(
    st.builds("0{}-{:07}".format, st.sampled_from("23489"), st.integers(0, 9_999_999)),
    st.builds("05{}-{:03}-{:04}".format, st.integers(0, 9), st.integers(0, 999), st.integers(0, 9999)),
    st.builds("+9725{:08}".format, st.integers(0, 99_999_999)),
    st.builds("+972 5{} {:03} {:04}".format, st.integers(0, 9), st.integers(0, 999), st.integers(0, 9999)),
)


@given(st.lists(PHONES, min_size=1, max_size=3))
def test_telephone_numbers_stay_in_data_whatever_their_checksums(phones: list[str]) -> None:
    text = "call " + " ".join(phones) + " please"
    assert redact_secrets(text) == text


@example("000002000000", " ", "+972500000000")  # in fours, it ends like a land line
@given(DIGITS, st.sampled_from(["", " ", "-"]), PHONES)
def test_no_card_number_survives_in_data_either(digits: str, between: str, phone: str) -> None:
    card = with_check_digit("4" + digits[1:])
    grouped = between.join(card[i : i + 4] for i in range(0, len(card), 4))
    kept = redact_secrets(f"{grouped}, {phone}")
    assert kept.endswith(f", {phone}")
    assert sum(c.isdigit() for c in kept.removesuffix(phone)) <= 6


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"card": "4111111111111111", "rooms": 4}', '{"card":"[card]","rooms":4}'),
        ('{"card": 4111111111111111}', '{"card":"[card]"}'),
        ('[["id 123456782", {"phone": "0501234567"}]]', '[["id [id]",{"phone":"0501234567"}]]'),
        ('{"at_ms": 1767776400000, "budget": 2500000}', '{"at_ms": 1767776400000, "budget": 2500000}'),
        ('{"start": "2026-11-29T10:00:00+02:00"}', '{"start": "2026-11-29T10:00:00+02:00"}'),
        ('{"lead": "lead-k3vq5m2xw7a4gd6j"}', '{"lead": "lead-k3vq5m2xw7a4gd6j"}'),
        ("", ""),
        ("no JSON: 4111 1111 1111 1111", "no JSON: [card]"),
        ("[" * 100_000 + "4111111111111111", "[" * 100_000 + "[card]"),
    ],
)
def test_secrets_leave_json_which_is_otherwise_as_it_was(text: str, kept: str) -> None:
    assert redact_json(text) == kept


@given(st.text())
def test_what_is_cleaned_can_be_held(text: str) -> None:
    assert "\0" not in clean(text)
    clean(text).encode("utf-8")
