"""When a call is handed over to a person, and to whom (SPEC 6.5). Pure.

| what happens                                        | handed over, because  |
|-----------------------------------------------------|-----------------------|
| the caller asks for a person                        | "asked"               |
| 3 in a row that nobody understood, or 5 in a call   | "not-understood"      |
| 2 replies in a row that the governor refused        | "governor"            |
| a reply for which every model failed                | "no-model"            |

| the office | a number that may be dialled | warm transfers | the caller gets                               |
|------------|------------------------------|----------------|-----------------------------------------------|
| open       | yes                          | off            | PERSON: dialled                               |
| open       | yes                          | on             | PERSON_WARM: the person hears a summary first |
| open       | no                           | -              | VOICEMAIL                                     |
| closed     | -                            | -              | VOICEMAIL                                     |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from agentd.core.opening import open_at
from agentd.core.playbook import Playbook

IN_A_ROW: Final = 3
IN_A_CALL: Final = 5
FALLBACKS: Final = 2  # replies in a row of which the governor refused something

# What is asked for, and by which words: "a person, please" is a wish, "the person who lives there" is none; and who
# wants to talk to somebody "about a flat" wants what we are here for.
_ABOUT_EN: Final = r"(?! (about|regarding|concerning|who)\b)"
_ABOUT_HE: Final = r"(?! (על|לגבי|בנוגע|בקשר|בעניין|בענין|ש))"
_EN: Final = re.compile(
    r"\b(talk|speak|speaking|talking|connect(ed)?|transfer(red)?|put)\b[^.?!]{0,25}?\b(to|with|through)\b[^.?!]{0,15}?\b"
    r"(human( being)?\b|(real|actual|live) person\b|"
    rf"(person|someone|somebody|manager|agent|representative|operator)\b{_ABOUT_EN})"
    r"|\b(a|get me an?) (real )?(human|representative|operator)( being)?\b"
    r"|^\W*(human|representative|operator)( please)?\W*$",
    re.IGNORECASE,
)
_HE: Final = re.compile(
    r"(לדבר|לשוחח|תעבירי|תעביר|תעבירו|להעביר|העבירו|חברי|תחברי|תחבר)[^.?!]{0,20}?"
    rf"(בן אדם|בן-אדם|בנאדם|אדם אמיתי|אנושי|(נציגה?|מישהו|מישהי|מנהלת?)\b{_ABOUT_HE})"
    rf"|(רוצה|אפשר|צריכה|צריך|תני לי|תן לי) (לדבר עם )?(בן אדם|בנאדם|נציגה?|מענה אנושי)\b{_ABOUT_HE}"
    r"|^\W*(נציגה?|בן אדם|מענה אנושי)( בבקשה)?\W*$"
)
_NOT: Final = re.compile(r"\b(don'?t|do not|no need|not)\b[^.?!]{0,15}\b(want|need|to)\b|לא (רוצה|צריכה?|חייבת?)", re.I)


class Why(StrEnum):
    """Why a call is handed over."""

    ASKED = "asked"
    NOT_UNDERSTOOD = "not-understood"
    GOVERNOR = "governor"
    NO_MODEL = "no-model"
    OPERATOR = "operator"  # a guard, a tool or the console decided it


class To(StrEnum):
    """Who takes the call."""

    PERSON = "person"
    PERSON_WARM = "person-warm"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class Plan:
    """Who takes the call. `number`: of the person. `note`: why nobody is dialled, in a word for the event."""

    to: To
    number: str = ""
    note: str = ""


class Patience:
    """Counts what goes wrong in one call. Each verb returns why the call is to be handed over, or None."""

    def __init__(self) -> None:
        self._row = self._call = 0  # utterances without words
        self._lines_row = self._lines_call = 0  # with words, of which nobody could make anything

    def words(self) -> None:
        """Words came."""
        self._row = 0

    def no_words(self) -> Why | None:
        """The caller said something, and nobody knows what."""
        self._row += 1
        self._call += 1
        return self._enough()

    def lines(self, in_a_row: int, in_call: int) -> Why | None:
        """How many lines of the caller's said nothing to us: up to the last one, and in all."""
        self._lines_row, self._lines_call = in_a_row, in_call
        return self._enough()

    def _enough(self) -> Why | None:
        row, call = self._row + self._lines_row, self._call + self._lines_call
        return Why.NOT_UNDERSTOOD if row >= IN_A_ROW or call >= IN_A_CALL else None

    @staticmethod
    def replied(fallbacks: int, *, scripted: bool) -> Why | None:
        """A reply of ours is over. `fallbacks`: how many in a row, this one included, were partly refused."""
        if scripted:
            return Why.NO_MODEL
        return Why.GOVERNOR if fallbacks >= FALLBACKS else None


def asks_for_a_person(text: str) -> bool:
    """Whether the caller's words ask for a person, in Hebrew or English."""
    return bool(_EN.search(text) or _HE.search(text)) and not _NOT.search(text)


def plan(playbook: Playbook, local: datetime, fallback_number: str, prefixes: Sequence[str], *, warm: bool) -> Plan:
    """Who takes a call of this playbook at this local time. Only numbers that begin with one of `prefixes` are ever
    dialled: whoever can write a playbook must not be able to spend money abroad (RELIABILITY 3)."""
    if not open_at(playbook.hours, playbook.holidays, local):
        return Plan(To.VOICEMAIL, note="closed")
    numbers = [number for number in (playbook.transfer_to, fallback_number) if number]
    for number in numbers:
        if number.startswith(tuple(prefixes)):
            return Plan(To.PERSON_WARM if warm else To.PERSON, number)
    return Plan(To.VOICEMAIL, note="number not allowed" if numbers else "no number")
