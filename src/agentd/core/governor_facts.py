"""What is known in a call, and so may be said: from tools, from the playbook, and from the caller's own words.

| source                      | read        | why                                                                    |
|-----------------------------|-------------|------------------------------------------------------------------------|
| a tool's result             | `returned`  | what it states is true, and what it speaks of is on offer              |
| the playbook                | `told`      | what it states is true; what it merely asks about is not on offer      |
| the caller                  | `said`      | generously: "ten" may be an hour or a day, "1.8" may be millions; what |
|                             |             | they speak of is not on offer for that                                 |
| our own earlier words       | not at all  | an invention does not become true by having been said                  |
| the hours of the playbook   | `open_hours`| true in a sentence about opening, and no free time                     |

The caller's "tomorrow" makes tomorrow's date sayable; a date that is worked out ("in two weeks") makes any date so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from agentd.core.governor_claims import (
    Claim,
    addresses,
    amounts,
    claims,
    days_ahead,
    month_days,
    nth_days,
    rooms,
    things,
    weekdays,
)
from agentd.core.governor_figures import figures
from agentd.core.opening import WEEKDAYS, span_minutes

_DICTATED = re.compile(r"(?<![\d:.])\d(?:[ ,.-]*\d){5,}")  # six digits and more: a phone number, and no hours
_PAIR = re.compile(r"(?<![\d:.])(1\d|2[0-4]|0?\d) (?:ו ?)?([0-5]?\d)(?![\d:.])")
_HOUR = re.compile(r"(?<![\d:.])(1\d|2[0-4]|0?\d)(?!\d|[:.]\d)")
_HALF = re.compile(r"\bhalf\b|(?<![א-ת])[וב]?חצי(?![א-ת])")
_QUARTER = re.compile(r"\bquarter\b|(?<![א-ת])[ובל]?רבע(?![א-ת])")
_NOON = re.compile(r"\b(?:noon|lunch|lunchtime|midday)\b|צהריים")
_WORKED_OUT = re.compile(
    r"\b(?:days?|weeks?|months?|weekend|whenever|any ?time|any day|soon|asap)\b"
    r"|(?<![א-ת])[ובלהמש]*(?:ימים|יומיים|שבוע(?:ות|יים)?|חודש(?:ים|יים)?|סופ\"ש|מתי ש|בהקדם|הכי מהר)"
)

_OPENING = re.compile(
    r"\b(?:open|opens|opening|closes?|closing|hours)\b|(?<![א-ת])ו?ה?(?:פתוח(?:ים|ות|ה)?|שעות)(?![א-ת])", re.IGNORECASE
)
_CLOSED = re.compile(r"\bclosed\b|(?<![א-ת])ו?ה?סגור(?:ים|ות|ה)?(?![א-ת])", re.IGNORECASE)
_BARE = re.compile(r"(?<![\d:.])\d{1,3}(?:\.\d+)?(?![\d:.])")
_AND_A_PART = re.compile(r"(?<![\d:.])(\d{1,3}) (?:(וחצי|and a half)|ורבע|and a quarter)")
_SCALES = (
    (re.compile(r"\b(?:thousand|k)\b|(?<![א-ת])[ובלמהש]*אל(?:ף|פים)(?![א-ת])"), 1e3),
    (re.compile(r"\bmillion\b|(?<![א-ת])[ובלמהש]*מיליון"), 1e6),
)
_MILLION_AND = re.compile(r"(?:(\d+) )?(?:million|מיליון)(?: and| ו)? (\d{1,3})(?![\d:.]| (?:thousand|אל))")
_TODAY = re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b|(?<![א-ת])[ולמ]?(?:היום|הערב)(?![א-ת])")
_BARE_DAY = re.compile(r"(?<![א-ת])[ובל]?(ראשון|שני|שלישי|רביעי|חמישי|שישי)(?![א-ת])")
SHORT_ANSWER = 4  # words; a number alone may leave its thousands or millions out

LEAST_PRICE = 100  # a smaller number in a tool's result, without a currency, is rather something else


@dataclass(frozen=True, slots=True)
class Facts:
    """Immutable; `|` joins. `stated` are claims as they stand; `days` are dates that they come to; `words` is the text
    of all sources, for streets; `hours` are days and times that a sentence about opening may name, `spans` the times
    that make one be about it ("from nine to six"), `closed` days that one about being closed may name."""

    stated: frozenset[Claim] = frozenset()
    days: frozenset[date] = frozenset()
    any_day: bool = False
    words: str = ""
    hours: frozenset[Claim] = frozenset()
    spans: frozenset[frozenset[Claim]] = frozenset()
    closed: frozenset[Claim] = frozenset()

    def __or__(self, other: Facts) -> Facts:
        return Facts(
            self.stated | other.stated,
            self.days | other.days,
            self.any_day or other.any_day,
            f"{self.words} {other.words}".strip(),
            self.hours | other.hours,
            self.spans | other.spans,
            self.closed | other.closed,
        )

    def unknown(self, text: str) -> Claim | None:
        """A claim of `text` that nothing here bears out, or None. The least of them, so that the answer is stable."""
        stated = claims(text)
        opening = _OPENING.search(text) or frozenset(claim for claim in stated if claim.kind == "time") in self.spans
        sayable = (self.hours if opening else frozenset()) | (self.closed if _CLOSED.search(text) else frozenset())
        missing = [claim for claim in stated if claim not in sayable and not self._bears_out(claim)]
        return min(missing, key=lambda claim: (claim.kind, str(claim.value)), default=None)

    def known(self, text: str) -> list[Claim]:
        """The claims of `text` that are borne out; many of them are a read-back, or windows."""
        return [claim for claim in claims(text) if self._bears_out(claim)]

    def _bears_out(self, claim: Claim) -> bool:
        if claim in self.stated:
            return True
        value = claim.value
        match claim.kind:
            case "address":
                return _speaks_of(self.words, str(value))
            case "weekday":
                return self.any_day or any(day.weekday() == value for day in self.days)
            case "ahead":
                return self.any_day or Claim("date", str(value)) in self.stated
            case "month-day" if isinstance(value, tuple):
                return (
                    self.any_day
                    or Claim("day", value[1]) in self.stated
                    or any((day.month, day.day) == value for day in self.days)
                )
            case "day":
                return self.any_day or any(day.day == value for day in self.days)
            case _:
                return False


def open_hours(hours: Mapping[str, Sequence[str]]) -> Facts:
    """What a playbook's hours make sayable, where it is about hours: the days with any, and when they begin and end."""
    spans = {
        frozenset(Claim("time", minute % 720) for minute in span_minutes(span))
        for each in hours.values() for span in each
    }  # fmt: skip
    days = {WEEKDAYS.index(day) for day, spans in hours.items() if spans}
    opened = {time for span in spans for time in span} | {Claim("weekday", day) for day in days}
    closed = {Claim("weekday", day) for day in range(7) if hours and day not in days}
    return Facts(hours=frozenset(opened), spans=frozenset(spans), closed=frozenset(closed))


def joined(facts: Iterable[Facts]) -> Facts:
    """All of them."""
    first, *rest = [*facts] or [Facts()]
    return Facts(
        first.stated.union(*[each.stated for each in rest]),
        first.days.union(*[each.days for each in rest]),
        any([first.any_day, *[each.any_day for each in rest]]),
        " ".join([words for each in (first, *rest) if (words := each.words.rstrip())]).lstrip(),
        first.hours.union(*[each.hours for each in rest]),
        first.spans.union(*[each.spans for each in rest]),
        first.closed.union(*[each.closed for each in rest]),
    )


@lru_cache(maxsize=1024)
def returned(text: str, today: date) -> Facts:
    """What a tool's result makes sayable, as text (JSON will do)."""
    plain = figures(text)
    stated = claims(text) | {Claim("offer", thing) for thing in things(plain)}
    stated |= {Claim("rooms", number) for number in rooms(plain)}
    stated |= {Claim("price", amount) for amount in amounts(plain) if amount >= LEAST_PRICE}
    return _facts(set(stated), plain, text, today, any_day=False)


@lru_cache(maxsize=256)
def told(text: str, today: date) -> Facts:
    """What the playbook states."""
    return _facts(set(claims(text)), figures(text), text, today, any_day=False)


@lru_cache(maxsize=1024)
def said(text: str, today: date) -> Facts:
    """What the caller's words make sayable."""
    plain = figures(text)
    stated = {claim for claim in claims(text) if claim.kind != "offer"}
    loose = _DICTATED.sub(" ", plain)
    hours = [int(m[1]) for m in _HOUR.finditer(loose)]
    stated |= {Claim("time", hour * 60 % 720) for hour in hours}
    stated |= {Claim("time", (int(m[1]) * 60 + int(m[2])) % 720) for m in _PAIR.finditer(loose)}
    if _HALF.search(loose):
        stated |= {Claim("time", (hour * 60 + 30) % 720) for hour in hours}
    if _QUARTER.search(loose):
        stated |= {Claim("time", (hour * 60 + shift) % 720) for hour in hours for shift in (15, -15)}
    if _NOON.search(plain):
        stated.add(Claim("time", 0))
    stated |= {Claim("day", int(n)) for n in re.findall(r"(?<![\d:.])(\d\d?)th\b", plain)}
    for amount in amounts(loose):
        stated.add(Claim("price", amount))
        if amount % 1:
            stated.add(Claim("price", round(amount * 1e6, 2)))  # "one point eight"
        if 100 <= amount < 1000:
            stated.add(Claim("price", amount * 1e3))  # "eight hundred"
    stated |= {Claim("price", amount) for amount in _unfinished(loose)}
    plain = " ".join([plain, *(f"| יום {day}" for day in _BARE_DAY.findall(text))])  # "שישי בבוקר"
    return _facts(stated, plain, text, today, any_day=_WORKED_OUT.search(plain) is not None)


def _unfinished(plain: str) -> set[float]:
    """Amounts whose scale went unsaid: "a million eight hundred", "מיליון שמונה", "eight thousand, or ten"; in a short
    answer any number: "two and a half"."""
    bare = {float(number) for number in _BARE.findall(plain)}
    bare |= {float(number) + (0.5 if half else 0.25) for number, half in _AND_A_PART.findall(plain)}
    short = len(plain.split()) <= SHORT_ANSWER
    found = {round(n * scale, 2) for n in bare for word, scale in _SCALES if short or word.search(plain)}
    for millions, rest in _MILLION_AND.findall(plain):
        found.add(float(millions or 1) * 1e6 + int(rest) * (1e5 if int(rest) < 10 else 1e3))
    return found


def _facts(stated: set[Claim], plain: str, text: str, today: date, *, any_day: bool) -> Facts:
    """With the dates that the words come to: a weekday is the next one, or the one after it."""
    days = {today + timedelta(n) for n in days_ahead(plain)}
    for weekday in weekdays(plain):
        stated.add(Claim("weekday", weekday))
        ahead = (weekday - today.weekday()) % 7
        days |= {today + timedelta(ahead + weeks * 7) for weeks in (0, 1)}
    if _TODAY.search(plain):
        days.add(today)
    for month, day in month_days(plain):
        this_year = _date(today.year, month, day)
        years = (today.year,) if this_year and this_year >= today else (today.year, today.year + 1)
        days |= {found for year in years if (found := _date(year, month, day))}
    for day in (*nth_days(plain), *(int(str(c.value)) for c in stated if c.kind == "day")):
        months = {(today.year + (today.month + n - 1) // 12, (today.month + n - 1) % 12 + 1) for n in range(3)}
        days |= {found for year, month in months if (found := _date(year, month, day))}
    stated |= {Claim("date", str((day - today).days)) for day in days}
    return Facts(frozenset(stated), frozenset(days), any_day, f"{plain} | {' | '.join(addresses(text))}")


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _speaks_of(words: str, address: str) -> bool:
    """The street was named, in either order with its number, with or without a Hebrew prefix."""
    name, _, number = address.rpartition(" ")
    if not number.isdecimal():
        name, number = address, ""
    named = rf"(?<![א-ת\w])[ובלהמש]*{re.escape(name)}(?![א-ת\w])"
    if not number:
        return re.search(named, words) is not None
    return re.search(rf"{named}(?: [^\d\s|]+)? {number}(?!\d)|(?<!\d){number} {named}", words) is not None
