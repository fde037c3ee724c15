"""What a language brings to the readers: its words for everything, and how its values are said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time

from agentd.core.slots.words import Numerals


@dataclass(frozen=True, slots=True)
class Calendar:
    """The words of days and times. Weekdays count from Monday = 0, as `date.weekday` does."""

    relative: Mapping[str, int]  # "tomorrow" -> 1; may be several words
    weekdays: Mapping[str, int]
    months: Mapping[str, int]
    parts: Mapping[str, str]  # "in the morning" -> "morning"
    any_time: re.Pattern[str]
    any_day: re.Pattern[str]
    next_week: re.Pattern[str]
    week_begins: int  # the weekday on which work begins
    half: frozenset[str]
    quarter: frozenset[str]
    to: frozenset[str]  # "quarter TO three"
    past: frozenset[str]
    at: frozenset[str]  # words before a time
    oclock: frozenset[str]
    pm: frozenset[str]
    am: frozenset[str]
    fixed: Mapping[str, time]  # "noon"


@dataclass(frozen=True, slots=True)
class Money:
    """The words of amounts. `say(value, currency)`; currencies as in `slots.money.HOME`."""

    scales: Mapping[str, int]
    halves: Mapping[str, float]  # "half" -> 0.5
    inside: frozenset[str]  # words that may stand inside an amount
    point: frozenset[str]  # "six POINT five"
    cues: frozenset[str]  # words that make a number an amount
    currencies: Mapping[str, str]
    say: Callable[[int, str], str]


@dataclass(frozen=True, slots=True)
class Timing:
    """The words of a rough "when", searched in lower case. `span` has the groups count and unit, `month` a month."""

    fixed: tuple[tuple[re.Pattern[str], str], ...]  # what is meant, by pattern
    span: re.Pattern[str]
    units: Mapping[str, tuple[str, int]]  # "חודשיים" -> ("month", 2); 0: the count is said
    half: frozenset[str]
    month: re.Pattern[str]
    hints: frozenset[str]  # one of them makes any short answer a time


@dataclass(frozen=True, slots=True)
class Places:
    sides: Mapping[str, str]  # "north" -> "north", "בצפון" -> "צפון"
    not_after: frozenset[str]  # "יום" before a town's name makes it a day
    lead: re.Pattern[str]  # what an answer may begin with: "in the area of"


@dataclass(frozen=True, slots=True)
class Choosing:
    """The words with which one of several is chosen, or none; searched in `plain` text."""

    neither: re.Pattern[str]  # not this; in one clause with what is ruled out
    never: re.Pattern[str]  # nothing of the kind at all
    either: re.Pattern[str]
    agrees: re.Pattern[str]  # yes, in other words
    first: re.Pattern[str]  # the earliest one
    last: re.Pattern[str]  # the latest one
    option: frozenset[str]  # words before a place in the list: "option two"
    article: str  # what an ordinal begins with when it is a place in the list and no day of the week; "" for nothing
    courtesy: frozenset[str]  # words that may stand beside a bare yes or no


@dataclass(frozen=True, slots=True)
class Speech:
    """A language."""

    numerals: Numerals
    calendar: Calendar
    money: Money
    timing: Timing
    places: Places
    choosing: Choosing
    flexible: re.Pattern[str]  # "it depends", "I don't mind"
    hums: re.Pattern[str]  # sounds that are no words, as a whole answer
    ask_inside: re.Pattern[str]  # where a question begins behind an answer
    instead: re.Pattern[str]  # between what was said first and what is meant: "a shop, sorry, an office"
    nots: frozenset[str]  # before a choice that is ruled out
    articles: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]
    intents: Mapping[str, re.Pattern[str]]  # searched in `plain` text, in this order
    correction: re.Pattern[str]  # at the start of plain text
    name_cues: re.Pattern[str]  # before a name, whether or not it was asked for
    weak_name_cues: re.Pattern[str]  # before a name that was asked for
    phone_glue: frozenset[str]  # words that may stand between the digits of a phone number
    not_names: frozenset[str]  # words that are no name, and where a name ends
    also_names: frozenset[str]  # words of `not_names` that are a family name when they end the answer
    name_joins: frozenset[str]  # between two names: "Joan and Peter"
    after_names: frozenset[str]  # words that may follow a bare name: "Dana here"
    fillers: re.Pattern[str]  # at the start of an answer
    ordinals: Mapping[str, int]
    questions: re.Pattern[str]  # how a question of the caller begins
    confirm: tuple[str, ...]  # variants; {value}
    say_day: Callable[[date], str]
    say_time: Callable[[time], str]
    say_part: Mapping[str, str]  # "morning" -> "in the morning"
    say_any_day: str
    say_digits: Callable[[str], str]  # one by one, in groups
