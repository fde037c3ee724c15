"""When a call is handed over, and to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.handover import IN_A_CALL, IN_A_ROW, Patience, Plan, To, Why, asks_for_a_person, plan
from agentd.core.opening import open_at
from agentd.core.playbook import Playbook

OFFICE = Playbook(
    name="office",
    language="he-IL",
    persona="",
    greeting="",
    hours={"sun": ("09:00-13:00", "14:00-18:00"), "fri": ("09:00-12:00",)},
    holidays=("2026-09-13",),
    transfer_to="+97231234567",
)
SUNDAY = datetime(2026, 9, 6, 10, 0)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-09-06 09:00", True),
        ("2026-09-06 08:59", False),
        ("2026-09-06 12:59", True),
        ("2026-09-06 13:00", False),
        ("2026-09-06 14:00", True),
        ("2026-09-04 11:00", True),  # a Friday
        ("2026-09-05 11:00", False),  # a Saturday: not in the table
        ("2026-09-13 10:00", False),  # a Sunday, and a holiday
    ],
)
def test_open_within_the_hours_of_the_day_and_never_on_a_holiday(when: str, is_open: bool) -> None:
    assert open_at(OFFICE.hours, OFFICE.holidays, datetime.fromisoformat(when)) is is_open


def test_without_hours_the_office_is_open_but_for_holidays() -> None:
    assert open_at({}, (), SUNDAY)
    assert not open_at({}, ("2026-09-06",), SUNDAY)


def test_midnight_may_end_a_day() -> None:
    assert open_at({"sun": ("20:00-24:00",)}, (), SUNDAY.replace(hour=23, minute=59))


def test_a_person_is_dialled_within_hours() -> None:
    assert plan(OFFICE, SUNDAY, "", ("+972",), warm=False) == Plan(To.PERSON, "+97231234567")
    assert plan(OFFICE, SUNDAY, "", ("+972",), warm=True).to is To.PERSON_WARM


def test_outside_hours_there_is_a_voicemail() -> None:
    assert plan(OFFICE, SUNDAY.replace(hour=7), "+97239999999", ("+972",), warm=True) == Plan(
        To.VOICEMAIL, note="closed"
    )


def test_the_fallback_number_stands_in_for_a_playbook_without_one() -> None:
    nobody = replace(OFFICE, transfer_to="")
    assert plan(nobody, SUNDAY, "+97239999999", ("+972",), warm=False).number == "+97239999999"
    assert plan(nobody, SUNDAY, "", ("+972",), warm=False) == Plan(To.VOICEMAIL, note="no number")


def test_a_number_outside_the_prefixes_is_never_dialled() -> None:
    abroad = replace(OFFICE, transfer_to="+88212345678")
    assert plan(abroad, SUNDAY, "", ("+972",), warm=False) == Plan(To.VOICEMAIL, note="number not allowed")
    assert plan(abroad, SUNDAY, "+97239999999", ("+972",), warm=False).number == "+97239999999"
    assert plan(OFFICE, SUNDAY, "", (), warm=False).to is To.VOICEMAIL


@given(st.text(max_size=16), st.text(max_size=16))
def test_whatever_the_numbers_are_only_allowed_ones_are_dialled(own: str, fallback: str) -> None:
    number = plan(replace(OFFICE, transfer_to=own), SUNDAY, fallback, ("+972", "+4930"), warm=False).number
    assert number == "" or number.startswith(("+972", "+4930"))


def test_three_in_a_row_or_five_in_a_call_are_enough() -> None:
    row = Patience()
    assert [row.no_words() for _ in range(IN_A_ROW)] == [None, None, Why.NOT_UNDERSTOOD]
    scattered = Patience()
    told = []
    for _ in range(IN_A_CALL):
        told.append(scattered.no_words())
        scattered.words()
    assert told == [None, None, None, None, Why.NOT_UNDERSTOOD]


def test_lines_that_nobody_could_read_count_with_those_without_words() -> None:
    patience = Patience()
    assert patience.lines(2, 2) is None
    assert patience.no_words() is Why.NOT_UNDERSTOOD
    assert [Patience().lines(row, call) for row, call in ((2, 4), (3, 3), (0, 5))] == [
        None,
        Why.NOT_UNDERSTOOD,
        Why.NOT_UNDERSTOOD,
    ]


def test_two_refused_replies_or_no_model_at_all() -> None:
    assert Patience.replied(1, scripted=False) is None
    assert Patience.replied(2, scripted=False) is Why.GOVERNOR
    assert Patience.replied(0, scripted=True) is Why.NO_MODEL


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a real person",
        "can you put me through to someone please",
        "Could I speak with the manager?",
        "give me a human being",
        "operator",
        "let me talk to a real person about this",
        "Representative please.",
        "אני רוצה לדבר עם בן אדם",
        "אפשר נציג?",
        "תעבירי אותי למנהלת בבקשה",
        "נציגה בבקשה",
        "אני צריך מענה אנושי",
    ],
)
def test_asking_for_a_person(text: str) -> None:
    assert asks_for_a_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a flat for one person",
        "I'd like to talk to someone about a flat in Haifa",
        "can I speak with an agent about renting",
        "אני רוצה לדבר עם מישהו על דירה בחיפה",
        "אפשר לדבר עם נציג לגבי השכרה",
        "אפשר נציגה לגבי השכרה",
        "I don't want to talk to an agent",
        "my wife will talk to you about it",
        "somebody told me you are open",
        "The human resources office is on the second floor",
        "אני לא רוצה לדבר עם נציג",
        "דירה לבן אדם אחד",
        "מישהו אמר לי שאתם פתוחים",
    ],
)
def test_not_asking_for_a_person(text: str) -> None:
    assert not asks_for_a_person(text)
