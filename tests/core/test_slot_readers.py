"""What each reader makes of an answer. Today is Monday, 23 November 2026."""

from __future__ import annotations

from datetime import date

import pytest

from agentd.core.playbook import Slot
from agentd.core.slots.english import ENGLISH
from agentd.core.slots.hebrew import HEBREW
from agentd.core.slots.readers import READERS, Ask, Found
from agentd.core.slots.words import numbers, words

TODAY = date(2026, 11, 23)


def read(
    kind: str, text: str, *, hebrew: bool = False, asked: bool = True, choices: tuple[str, ...] = ()
) -> Found | None:
    slot = Slot("it", kind, "?", choices=choices)
    speech, region = (HEBREW, "IL") if hebrew else (ENGLISH, "US")
    return READERS[kind](text, Ask(slot, asked, speech, region, TODAY))


@pytest.mark.parametrize(
    ("text", "hebrew", "digits"),
    [
        ("212 555 0123", False, "2125550123"),
        ("it's 212-555-0123, thanks", False, "2125550123"),
        ("two one two five five five oh one two three", False, "2125550123"),
        ("Two one two, and then five five five, zero one two three", False, "2125550123"),
        ("two twelve, triple five, zero one twenty three", False, "2125550123"),
        ("my number is +1 212 555 0123", False, "2125550123"),
        ("eight hundred, five five five, one two one two", False, "8005551212"),
        ("0541234567", True, "0541234567"),
        ("המספר שלי הוא 054-1234567", True, "0541234567"),
        ("אפס חמש ארבע אחת שתיים שלוש ארבע חמש שש שבע", True, "0541234567"),
        ("אפס חמישים וארבע, מאה עשרים ושלוש, ארבעים וחמש שישים ושבע", True, ""),
        ("אפס חמישים, שבע שש חמש ארבע שלוש שתיים אחת", True, "0507654321"),
        ("+972 54 123 4567", True, "0541234567"),
        ("אפס שלוש, שש אחת שתיים שלוש ארבע חמש שש", True, "036123456"),
        ("I have no idea", False, ""),
    ],
)
def test_phone_numbers_in_figures_and_words(text: str, hebrew: bool, digits: str) -> None:
    found = read("phone", text, hebrew=hebrew)
    got = found.known if found is not None and found.whole else ""
    assert got == digits


def test_part_of_a_phone_number_is_kept_for_the_rest() -> None:
    first = read("phone", "two one two")
    assert first is not None
    assert not first.whole
    slot = Slot("phone", "phone", "?")
    second = READERS["phone"]("five five five oh one two three", Ask(slot, True, ENGLISH, "US", TODAY, first.known))
    assert second is not None
    assert second.known == "2125550123"


@pytest.mark.parametrize(
    ("text", "hebrew", "asked", "name"),
    [
        ("My name is Dana Levi.", False, False, "Dana Levi"),
        ("Hi, this is Rachel, I'd like to book", False, False, "Rachel"),
        ("dana", False, True, "Dana"),
        ("Um, it's John O'Neill.", False, True, "John O'Neill"),
        ("I'm Mary-Jane", False, True, "Mary-Jane"),
        ("D A N A", False, True, "Dana"),
        ("Dana here", False, True, "Dana"),
        ("I want to book an appointment", False, True, ""),
        ("mumble the thing", False, True, ""),
        ("What do you need it for?", False, True, ""),
        ("Dana", False, False, ""),
        ("קוראים לי דנה לוי", True, False, "דנה לוי"),
        ("מדברת מיכל כהן, אני רוצה לקבוע תור", True, False, "מיכל כהן"),
        ("אני יוסי", True, True, "יוסי"),
        ("אה, דנה בבקשה", True, True, "דנה"),
        ("אני רוצה לקבוע פגישה", True, True, ""),
        ("השם שלי הוא אבי", True, True, "אבי"),
    ],
)
def test_names_and_what_is_none(text: str, hebrew: bool, asked: bool, name: str) -> None:
    found = read("name", text, hebrew=hebrew, asked=asked)
    assert (found.value if found else "") == name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tomorrow at ten", "Tuesday, November 24th at 10 a.m."),
        ("Tuesday at 10:30 am", "Tuesday, November 24th at 10:30 a.m."),
        ("Thursday afternoon", "Thursday, November 26th in the afternoon"),
        ("next Monday at 3 pm", "Monday, November 30th at 3 p.m."),
        ("the day after tomorrow around noon", "Wednesday, November 25th at noon"),
        ("March 5th at two", "Friday, March 5th at 2 p.m."),
        ("on the fifth of March, quarter past nine", "Friday, March 5th at 9:15 a.m."),
        ("December twenty first, half past ten", "Monday, December 21st at 10:30 a.m."),
        ("the 24th at 9", "Tuesday, November 24th at 9 a.m."),
        ("Friday, quarter to five", "Friday, November 27th at 4:45 p.m."),
        ("Wednesday ten thirty", "Wednesday, November 25th at 10:30 a.m."),
        ("tomorrow evening at eight", "Tuesday, November 24th at 8 p.m."),
        ("any time is fine", "any time"),
    ],
)
def test_days_and_times_in_english(text: str, value: str) -> None:
    found = read("date", text)
    assert found is not None
    assert found.whole
    assert found.value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("מחר בעשר", "יום שלישי, 24 בנובמבר בעשר בבוקר"),
        ("ביום חמישי אחר הצהריים", "יום חמישי, 26 בנובמבר אחר הצהריים"),
        ("יום ראשון בעשר וחצי", "יום ראשון, 29 בנובמבר בעשר וחצי בבוקר"),
        ("מחרתיים בשלוש", "יום רביעי, 25 בנובמבר בשלוש אחר הצהריים"),
        ("יום שני ברבע לחמש", "יום שני, 30 בנובמבר ברבע לחמש אחר הצהריים"),
        ("ב-5 במרץ בשעה 9:30", "יום שישי, 5 במרץ בתשע וחצי בבוקר"),
        ("חמישי בבוקר", "יום חמישי, 26 בנובמבר בבוקר"),
        ("ביום ג' בשבע בערב", "יום שלישי, 24 בנובמבר בשבע בערב"),
        ("לא משנה לי", "בכל זמן"),
    ],
)
def test_days_and_times_in_hebrew(text: str, value: str) -> None:
    found = read("date", text, hebrew=True)
    assert found is not None
    assert found.whole
    assert found.value == value


@pytest.mark.parametrize("text", ["Tuesday", "at ten o'clock", "in the morning"])
def test_half_an_appointment_waits_for_its_other_half(text: str) -> None:
    found = read("date", text)
    assert found is not None
    assert not found.whole


@pytest.mark.parametrize("text", ["how are you today", "I have two children", "number nine", ""])
def test_an_appointment_is_not_read_into_other_words(text: str) -> None:
    assert read("date", text, asked=False) is None


@pytest.mark.parametrize(
    ("text", "hebrew", "value"),
    [
        ("three", False, "3"),
        ("about two hundred and fifty", False, "250"),
        ("1,500 square feet", False, "1500"),
        ("two million three hundred thousand", False, "2300000"),
        ("no, not three, four", False, "4"),
        ("שלוש", True, "3"),
        ("מאתיים וחמישים", True, "250"),
        ("שלוש עשרה", True, "13"),
        ("שני מיליון", True, "2000000"),
    ],
)
def test_numbers(text: str, hebrew: bool, value: str) -> None:
    from agentd.core.slots.words import clean

    found = read("number", clean(text), hebrew=hebrew)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(
    ("text", "value", "sure"),
    [
        ("an apartment please", "apartment", True),
        ("I think the apartement", "apartment", True),
        ("the second one", "office", True),
        ("the last", "parking space", True),
        ("apart mint", "apartment", False),
        ("something else", "", False),
    ],
)
def test_choices_are_matched_loosely_and_doubted_when_unsure(text: str, value: str, sure: bool) -> None:
    found = read("choice", text, choices=("apartment", "office", "parking space"))
    assert (found.value if found else "") == value
    assert (found.sure if found else False) is sure


@pytest.mark.parametrize(
    ("text", "hebrew", "value"),
    [
        ("Yeah, sure", False, "yes"),
        ("No thanks", False, "no"),
        ("not really", False, "no"),
        ("כן בטח", True, "yes"),
        ("לא, תודה", True, "no"),
        ("perhaps", False, None),
    ],
)
def test_yes_and_no(text: str, hebrew: bool, value: str | None) -> None:
    found = read("yes-no", text, hebrew=hebrew)
    assert (found.value if found else None) == value


def test_dictated_digits_keep_their_zeros() -> None:
    dictated = numbers(words("oh five four double one zero"), ENGLISH.numerals)
    assert "".join(number.digits for number in dictated) == "054110"
