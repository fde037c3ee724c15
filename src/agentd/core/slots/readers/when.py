"""A day and a time: "tomorrow at ten", "the 24th", "half past three", "ביום שלישי בעשר וחצי".

Half of an answer is kept and the other half asked for. Without "a.m." or "p.m." business hours decide: one to six is
the afternoon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from agentd.core.slots.readers.base import Ask, Found
from agentd.core.slots.words import Number, Word, numbers, plain, words

EARLIEST_HOUR = 7  # a bare hour before this is in the afternoon
ANY = "any"


@dataclass(frozen=True, slots=True)
class When:
    """What is known so far. `part` is a part of the day, or `ANY` when the caller does not mind."""

    day: date | None = None
    at: time | None = None
    part: str = ""
    any_day: bool = False

    @property
    def whole(self) -> bool:
        some_day = self.day is not None or self.any_day
        return self.part == ANY or (some_day and (self.at is not None or bool(self.part)))

    def __str__(self) -> str:
        """ "2026-11-24 10:00", "2026-11-24 morning", "any morning", "any"."""
        at = f"{self.at:%H:%M}" if self.at is not None else self.part
        day = str(self.day or "") or ("any" if self.any_day and at != ANY else "")
        return f"{day} {at}".strip()


class _Reader:
    def __init__(self, text: str, ask: Ask) -> None:
        self.ask, self.how = ask, ask.speech.calendar
        self.text = text
        self.words: Sequence[Word] = words(text)
        self.numbers = {number.first: number for number in numbers(self.words, ask.speech.numerals)}
        self.used: set[int] = set()
        self.plain = plain(text)
        self.bares = [self._bare(word.text) for word in self.words]
        self.there = {word.text for word in self.words}.union(self.bares)

    def read(self) -> When:
        day = self.day()
        if day is None and not self.ask.asked:
            return When()  # without a day nobody who was not asked names a time for us
        part = self.part()
        at = self.hour(part)
        any_day = day is None and self.how.any_day.search(self.plain) is not None
        if self.ask.asked and self.how.any_time.search(self.plain) and not (any_day and at):
            part = part or ANY
        return When(day, at, "" if at else part, self.ask.asked and any_day)

    def rest(self) -> str:
        """The text without the words that made the answer."""
        text = self.text
        for at in sorted(self.used, reverse=True):
            if 0 <= at < len(self.words):
                text = text[: self.words[at].start].rstrip() + " " + text[self.words[at].end :].lstrip()
        return text.strip(" ,")

    def word(self, at: int) -> str:
        return self.words[at].text if 0 <= at < len(self.words) else ""

    def _bare(self, word: str) -> str:
        """Without a Hebrew prefix, when what is left means something to the calendar."""
        for known in (self.how.weekdays, self.how.months, self.how.relative):
            if word in known:
                return word
            if len(word) > 3 and self.ask.speech.numerals.prefixed and word[1:] in known:
                return word[1:]
        return word

    # --- days

    def day(self) -> date | None:
        today = self.ask.today
        for phrase, days in self.how.relative.items():
            if place := self.find(phrase):
                self.used |= place
                return today + timedelta(days)
        for at, bare in enumerate(self.bares):
            month = self.how.months.get(bare)
            if month is not None and (number := self.day_number(at)) is not None:
                return self.next_date(month, number)
        for at, bare in enumerate(self.bares):
            weekday = self.how.weekdays.get(bare)
            if weekday is not None and not (len(self.word(at)) == 2 and self.word(at - 1)[-3:] != "יום"):
                if at in self.numbers and self.word(at - 1)[-3:] != "יום" and not self.ask.asked:
                    continue  # "שני" is a number too
                self.used.add(at)
                ahead = (weekday - today.weekday()) % 7 or 7
                if self.how.next_week.search(self.plain):
                    ahead = weekday - today.weekday() + 7
                return today + timedelta(ahead)
        return self.nth()

    def find(self, phrase: str) -> set[int]:
        wanted = phrase.split()
        if not self.there.issuperset(wanted):
            return set()
        for at in range(len(self.words) - len(wanted) + 1):
            if all(word in (self.bares[at + n], self.words[at + n].text) for n, word in enumerate(wanted)):
                return set(range(at, at + len(wanted)))
        return set()

    def day_number(self, at: int) -> int | None:
        """The day of the month beside a month's name: "March 5th", "5 March", "5th of March"."""
        for near in (at - 1, at + 1, at - 2):
            number = self.ordinal(near)
            if number is not None and 1 <= number <= 31:
                self.used |= {at, near}
                return number
        return None

    def ordinal(self, at: int) -> int | None:
        word = self.word(at)
        if at in self.numbers:
            tail = self.ask.speech.ordinals.get(self.word(self.numbers[at].last), 0)
            value = self.numbers[at].value
            if value >= 20 and value % 10 == 0 and 0 < tail < 10:  # "twenty first"
                self.used.add(self.numbers[at].last)
                return value + tail
            return value
        before = self.numbers.get(at - 1)
        unit = self.ask.speech.ordinals.get(word)
        if unit is not None and before is not None and before.value in (20, 30) and unit < 10:
            self.used.add(at - 1)
            return before.value + unit
        return unit

    def nth(self) -> date | None:
        """ "the 24th": figures with an English ending, next time that there is such a day."""
        for at, number in self.numbers.items():
            ending = self.word(at + 1)
            if ending in ("st", "nd", "rd", "th") and 1 <= number.value <= 31:
                self.used |= {at, at + 1}
                return self.next_date(None, number.value)
        return None

    def next_date(self, month: int | None, day: int) -> date | None:
        today = self.ask.today
        for ahead in range(366):
            candidate = today + timedelta(ahead)
            if candidate.day == day and month in (None, candidate.month):
                return candidate
        return None

    # --- times

    def part(self) -> str:
        padded = f" {self.plain} "
        longest = sorted(self.how.parts, key=len, reverse=True)
        return next((self.how.parts[words] for words in longest if f" {words} " in padded), "")

    def hour(self, part: str) -> time | None:
        how = self.how
        padded = f" {self.plain} "
        for words_, moment in how.fixed.items():
            if f" {words_} " in padded:
                return moment
        for at in range(len(self.words)):
            if at in self.used:
                continue
            word = self.word(at)
            if ":" in word or (word[0].isdigit() and "." in word):
                hour, minute = (int(figure) for figure in word.replace(".", ":").split(":"))
                return self.clock(hour, minute, at + 1, part)
            number = self.numbers.get(at)
            if number is not None and 1 <= number.value <= 24:
                minute, after = self.minutes(number)
                if self.is_time(at, after, minute) or part:
                    self.used |= set(range(at - (self.word(at - 1) in how.at), after))
                    return self.with_quarter(at, self.clock(number.value, minute, after, part))
        return None

    def is_time(self, at: int, after: int, minute: int) -> bool:
        """Whether a number is an hour: it was asked for, or the words around it say so."""
        how, nxt = self.how, self.word(after)
        named = nxt in how.pm | how.am | how.oclock or self.word(at - 1) in how.at | how.to | how.past
        return self.ask.asked or named or bool(self.used) or self.word(at)[0] == "ב" or minute > 0

    def minutes(self, hour: Number) -> tuple[int, int]:
        """Minutes after the hour: "ten thirty", "עשר וחצי", "עשר ועשרים"."""
        nxt = self.word(hour.last)
        if nxt in self.how.half and self.ask.speech.numerals.prefixed:
            return 30, hour.last + 1
        if nxt == "ורבע":
            return 15, hour.last + 1
        number = self.numbers.get(hour.last)
        close = number is not None and "," not in self.text[self.words[hour.last - 1].end : self.words[hour.last].start]
        if number is not None and close and 0 < number.value < 60 and (number.value >= 10 or nxt[0] == "ו"):
            return number.value, number.last
        return 0, hour.last

    def with_quarter(self, at: int, moment: time | None) -> time | None:
        """ "half past ten", "quarter to ten", "רבע לעשר": words before the hour."""
        how = self.how
        if moment is None:
            return None
        link, lead = self.word(at - 1), self.word(at - 2)
        minutes = 30 if lead in how.half else 15 if lead in how.quarter else 0
        if link in how.past and minutes:
            return moment.replace(minute=minutes)
        if link in how.to and minutes:
            return _shift(moment, -minutes)
        if link in how.quarter and self.word(at).startswith("ל"):
            return _shift(moment, -15)
        if link in how.half and not self.ask.speech.numerals.prefixed:
            return moment.replace(minute=30)  # "half ten"
        return moment

    def clock(self, hour: int, minute: int, after: int, part: str) -> time | None:
        if hour > 23 or minute > 59:
            return None
        if hour > 12:
            return time(hour, minute)
        later = self.word(after) in self.how.pm or part in ("afternoon", "evening") or (part == "noon" and hour < 11)
        early = self.word(after) in self.how.am or part == "morning"
        if not early and hour < 12 and (later or hour < EARLIEST_HOUR):
            hour += 12
        return time(0 if early and hour == 12 else hour, minute)


def read(text: str, ask: Ask) -> Found | None:
    """See `Found`; `known` is a `When`."""
    reader = _Reader(text, ask)
    said = reader.read()
    if said == When() or (not ask.asked and (said.day is None or (said.day == ask.today and not said.whole))):
        return None  # "how are you today?" is no appointment
    before = ask.before if isinstance(ask.before, When) else When()
    now = replace(before, day=said.day or before.day, any_day=said.any_day or (before.any_day and said.day is None))
    if said.at is not None or said.part:
        now = replace(now, at=said.at, part=said.part)
    return Found(say(now, ask), reader.rest(), whole=now.whole, known=now)


def say(when: When, ask: Ask) -> str:
    """A `When` as the agent says it."""
    speech = ask.speech
    parts = [speech.say_day(when.day)] if when.day is not None else []
    if when.any_day and when.part != ANY:
        parts.append(speech.say_any_day)
    if when.at is not None:
        parts.append(speech.say_time(when.at))
    elif when.part and when.part != ANY:
        parts.append(speech.say_part[when.part])
    return " ".join(parts) or ask.speech.say_part[ANY]


def _shift(moment: time, minutes: int) -> time:
    total = (moment.hour * 60 + moment.minute + minutes) % (24 * 60)
    return time(total // 60, total % 60)
