"""What is asked for, and what is left after each refusal."""

from __future__ import annotations

import pytest
from agentd_google.asking import MOST_HINT_CHARS, MOST_HINTS, Ask, hints_of

from agentd.core.playbook import Playbook, Slot

FULL = Ask("he-IL", "telephony", ("דירה",))


@pytest.mark.parametrize(
    ("refusal", "language", "model", "hints"),
    [
        ("The requested model is currently not supported for language : he-IL.", "he-IL", "", True),
        ("Enhanced models are not enabled for this project.", "he-IL", "", True),
        ("Invalid language code: he-IL", "iw-IL", "telephony", True),
        ("Recognition adaptation is not supported.", "he-IL", "telephony", False),
        ("Request contains an invalid argument.", "he-IL", "", True),
    ],
)
def test_googles_words_decide_what_goes(refusal: str, language: str, model: str, hints: bool) -> None:
    less = FULL.less(refusal)
    assert less is not None
    ask, given_up = less
    assert (ask.language, ask.model, bool(ask.hints)) == (language, model, hints)
    assert given_up


@pytest.mark.parametrize("refusal", ["No.", "model", "language", "adaptation", "model language adaptation"])
def test_refused_again_and_again_it_ends(refusal: str) -> None:
    ask: Ask | None = FULL
    asked = []
    while ask is not None:
        asked.append(ask)
        less = ask.less(refusal)
        ask = less[0] if less else None
    assert len(asked) == len(set(asked)) == 4
    assert asked[-1] == Ask("iw-IL", "", (), "he-IL")


def test_other_languages_have_one_code() -> None:
    assert Ask("en-US", "").less("bad language") is None


def test_hints_are_the_playbooks_words_the_business_and_what_slots_may_hold() -> None:
    playbook = Playbook(
        "p", "he-IL", "", "", business="דלת כחולה", hints=("לקבוע  תור", "", "דלת כחולה"),
        slots=(Slot("area", "choice", "?", examples=("רמת אביב",), choices=("צפון", "דרום")),),
    )  # fmt: skip
    assert hints_of(playbook) == ("לקבוע תור", "דלת כחולה", "צפון", "דרום", "רמת אביב")


def test_hints_have_googles_bounds() -> None:
    many = tuple(f"word {n}" for n in range(2 * MOST_HINTS))
    playbook = Playbook("p", "he-IL", "", "", hints=("x" * (MOST_HINT_CHARS + 1), *many))
    assert hints_of(playbook) == many[:MOST_HINTS]
