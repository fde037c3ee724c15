"""Which of the times that were offered a caller means: "the first", "ten", "Tuesday", "the later one", "neither".

A clause that rules something out ("I can't do Tuesday, but Wednesday is fine") is left aside. Times are compared on a
twelve-hour dial: nobody who was offered ten in the morning means ten at night.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from agentd.core.playbook import Slot
from agentd.core.slots.readers import Ask
from agentd.core.slots.readers.when import ANY, When, read
from agentd.core.slots.readers.yes_no import verdict
from agentd.core.slots.speech import Speech
from agentd.core.slots.words import numbers, plain, words
from agentd.core.windows import PARTS

DIGITS = 5  # in one line: a telephone number, and no hours
_HALF_DAY_MIN = 12 * 60
_CLAUSES = re.compile(r"[.!?;,]+\s+|\s(?:but|אבל)\s")
_WHEN = Slot("when", "date", "?")


@dataclass(frozen=True, slots=True)
class Offer:
    """`start`: by the clock of the business; `say`: as the calendar words it."""

    start: datetime
    say: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a caller says to an offer. `left`: what fits; `wish`: another time; `which`: yes to several; `declined`: no
    to all; `never`: they want no meeting."""

    left: tuple[Offer, ...] = ()
    wish: When | None = None
    which: bool = False
    declined: bool = False
    never: bool = False


def choose(text: str, offered: tuple[Offer, ...], speech: Speech, today: date) -> Choice | None:
    """None: the words are about something else."""
    how, said = speech.choosing, plain(text)
    if how.never.search(said):
        return Choice(declined=True, never=True)
    clauses = [clause for clause in _CLAUSES.split(text) if words(clause)]
    wanted = " , ".join(clause for clause in clauses if not how.neither.search(plain(clause)))
    place = _place(wanted, len(offered), speech)
    if place is not None:
        return Choice((offered[place],))
    wish = wish_in(wanted, speech, today)
    if wish is not None and wish.part != ANY:
        left = tuple(offer for offer in offered if _fits(offer, wish))
        return Choice(left) if left else Choice(wish=wish)
    if how.either.search(said) or wish is not None:
        return Choice(offered[:1])
    if how.neither.search(said) or _bare(said, speech, yes=False):
        return Choice(declined=True)
    if how.agrees.search(said) or _bare(said, speech, yes=True):
        return Choice(offered) if len(offered) == 1 else Choice(which=True)
    return None


def wish_in(text: str, speech: Speech, today: date) -> When | None:
    """The day or time that an answer names, or None."""
    spoken = words(text)
    if not spoken or sum(len(number.digits) for number in numbers(spoken, speech.numerals)) > DIGITS:
        return None
    found = read(text, Ask(_WHEN, True, speech, "", today))
    if found is not None and isinstance(found.known, When):
        return found.known
    if speech.calendar.next_week.search(plain(text)):
        ahead = (speech.calendar.week_begins - today.weekday()) % 7 or 7
        return When(today + timedelta(ahead))
    return None


def merged(wish: When, said: When) -> When:
    """Another wish: what is not said anew stays ("what about Wednesday?", at the same time)."""
    at, part = (said.at, said.part) if said.at is not None or said.part else (wish.at, wish.part)
    return When(said.day or wish.day, at, "" if part == ANY else part)


def agrees(text: str, speech: Speech) -> bool | None:
    """Yes, no, or neither, to a plain question such as whether to send something."""
    said = plain(text)
    if speech.choosing.never.search(said) or speech.choosing.neither.search(said):
        return False
    answer = verdict(text, speech)
    return True if answer is None and speech.choosing.agrees.search(said) else answer


def _place(text: str, many: int, speech: Speech) -> int | None:
    """The place of the offer that is named by it: "the second one", "option two", "the later one"."""
    spoken = [word.text for word in words(text)]
    how = speech.choosing
    if how.first.search(plain(text)):
        return 0
    if how.last.search(plain(text)):
        return many - 1
    dated = any(speech.calendar.months.get(word, speech.calendar.months.get(word[1:])) for word in spoken)
    for at in reversed(range(len(spoken))):
        before = spoken[at - 1] if at else ""
        place = speech.ordinals.get(spoken[at].removeprefix(how.article) if how.article else spoken[at])
        if how.article and not spoken[at].startswith(how.article) and before not in how.option:
            place = None  # "שני" alone is Monday
        if before in how.option and place is None:
            place = speech.numerals.units.get(spoken[at], int(spoken[at]) if spoken[at].isdecimal() else None)
        if place and not dated and -1 <= place <= many and before[-3:] != "יום" and before not in speech.nots:
            return place - 1 if place > 0 else many - 1
    return None


def _fits(offer: Offer, wish: When) -> bool:
    if wish.day is not None and offer.start.date() != wish.day:
        return False
    minute = offer.start.hour * 60 + offer.start.minute
    if wish.at is not None:
        return (minute - _minute(wish.at)) % _HALF_DAY_MIN == 0
    first, last = PARTS.get(wish.part, (0, 24 * 60))
    return first <= minute < last


def _bare(said: str, speech: Speech, *, yes: bool) -> bool:
    """A yes or a no with nothing to it but courtesy."""
    table = speech.yes if yes else speech.no
    spoken = said.split()
    rest = [word for word in spoken if word not in table and word not in speech.choosing.courtesy]
    return any(word in table for word in spoken) and not rest


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
