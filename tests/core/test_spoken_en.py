"""English. What the model writes, and what the caller hears."""

from __future__ import annotations

import pytest

from agentd.core.spoken import spoken


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("-5°C", "minus five degrees Celsius"),
        ("100 people", "one hundred people"),
        ("3.5 rooms", "three and a half rooms"),
        ("3 1/2 rooms", "three and a half rooms"),
        ("0.75", "zero point seven five"),
        ("3-bedroom", "three bedroom"),
        ("the 21st floor", "the twenty-first floor"),
        ("2/3 of it", "two thirds of it"),
        ("1/2 hour", "half an hour"),
        ("rooms 10-12", "rooms ten to twelve"),
    ],
)
def test_numbers(text: str, heard: str) -> None:
    assert spoken(text, "en-US") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("$120.50", "one hundred twenty dollars and fifty cents"),
        ("$1", "one dollar"),
        ("$1.5 million", "one point five million dollars"),
        ("₪1,250", "one thousand two hundred fifty shekels"),
        ("1 NIS", "one shekel"),
        ("$100-$120", "one hundred to one hundred twenty dollars"),
        ("€20", "twenty euros"),
        ("$50/hour", "fifty dollars per hour"),
    ],
)
def test_prices(text: str, heard: str) -> None:
    assert spoken(text, "en-US") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("10%", "ten percent"),
        ("85 sq m", "eighty-five square meters"),
        ("20 km", "twenty kilometers"),
        ("1 km", "one kilometer"),
        ("900 sq ft", "nine hundred square feet"),
        ("30 min.", "thirty minutes."),
    ],
)
def test_percents_and_measures(text: str, heard: str) -> None:
    assert spoken(text, "en-US") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Nov 22, 2026", "November twenty-second, twenty twenty-six"),
        ("11/22/2026", "November twenty-second, twenty twenty-six"),
        ("22/11/2026", "November twenty-second, twenty twenty-six"),
        ("2026-11-22", "November twenty-second, twenty twenty-six"),
        ("the 22nd of November", "the twenty-second of November"),
        ("Nov 22-24", "November twenty-second to twenty-fourth"),
        ("on 3/4", "on March fourth"),
        ("in 1998 and 2005", "in nineteen ninety-eight and two thousand five"),
        ("the 1990s", "the nineteen nineties"),
        ("May 5", "May fifth"),
    ],
)
def test_dates(text: str, heard: str) -> None:
    assert spoken(text, "en-US") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("10:00", "ten o'clock"),
        ("14:30", "two thirty PM"),
        ("9:05", "nine oh five"),
        ("12:00", "noon"),
        ("00:00", "midnight"),
        ("at 10 a.m. tomorrow", "at ten AM tomorrow"),
        ("10:30 PM", "ten thirty PM"),
        ("9:00-17:00", "nine AM to five PM"),
        ("9-11 am", "nine to eleven AM"),
        ("Mon-Fri 9am–5pm", "Monday to Friday nine AM to five PM"),
        ("open 24/7", "open twenty-four seven"),
    ],
)
def test_hours(text: str, heard: str) -> None:
    assert spoken(text, "en-US") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("(212) 555-0123", "two one two, five five five, zero one two three"),
        ("+1 212-555-0123", "plus one, two one two, five five five, zero one two three"),
        ("050-123-4567", "zero five zero, one two three, four five six seven"),
        ("+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
        ("order #48213", "order four eight two, one three"),
        ("code 0042", "code zero zero four two"),
        ("press # or *", "press pound or star"),
    ],
)
def test_phones_and_codes(text: str, heard: str) -> None:
    assert spoken(text, "en-US") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Dr. Levi, 12 Main St., Apt. 5", "Doctor Levi, twelve Main Street, Apartment five"),
        ("St. Louis", "Saint Louis"),
        ("e.g. this, i.e. that, etc.", "for example this, that is that, et cetera."),
        ("No. 5", "number five"),
        ("Mon. vs. Tue.", "Monday versus Tuesday."),
    ],
)
def test_abbreviations(text: str, heard: str) -> None:
    assert spoken(text, "en-US") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("dana@example.com", "dana at example dot com"),
        ("Visit our website at https://example.com/x.", "Visit our website."),
        ("See https://example.com now", "See the link now"),
        ("**Bold** and _it_ and `code`", "Bold and it and code"),
        ("# Heading\ntext", "Heading, text"),
        ("and/or", "and or"),
        ("A & B", "A and B"),
        ("it's (about) time", "it's, about, time"),
        ('"Hi," she said 😀', "Hi, she said"),
    ],
)
def test_marks_and_addresses(text: str, heard: str) -> None:
    assert spoken(text, "en-US") == heard
