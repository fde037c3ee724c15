"""What a text says that may be true or invented: prices, times of day, days, and what is on offer where.

| kind      | is                                                         | is not                                      |
|-----------|------------------------------------------------------------|---------------------------------------------|
| `price`   | a number with a currency, a scale, a per cent, "a month"   | "two rooms", "100 percent", "2000 meters"   |
| `time`    | 10:30, "at ten", "half past three", "בעשר וחצי", noon      | "in ten minutes", "at one point", "morning" |
| `date`    | a day of a month; a weekday or "tomorrow" that is *stated* | "would Tuesday suit you?", "today"          |
| `address` | a street with its name                                     | "a quiet street"                            |
| `offer`   | "we have an apartment"                                     | "do you have an apartment?"                 |
| `rooms`   | how many, of what is on offer                              | "are you looking for three rooms?"          |

Read from `figures` with patterns, English and Hebrew. A pattern errs towards silence where ordinary talk is near: a
number alone is no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from agentd.core.governor_figures import figures

Value = str | int | float | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """`value`: price as a number; time in minutes on a twelve-hour dial; date as "weekday" (0 is Monday), "ahead"
    (days from today), "day" (of a month) or "month-day"; address as its words; offer as the kind of thing; rooms as a
    number."""

    kind: str
    value: Value


_FIGURE = re.compile(r"\d")  # without one there is no time of day but noon, no day of a month, and no number of rooms
_SUM = re.compile(r"\d|million|מיליון|אלף")  # without one there is no amount


# --- money

_N = r"\d+(?:\.\d+)?"
_SCALES = {
    "hundred": 100, "thousand": 1e3, "אלף": 1e3, "אלפים": 1e3, "k": 1e3, "million": 1e6, "מיליון": 1e6, "m": 1e6,
}  # fmt: skip
_SCALE = "|".join(_SCALES)
_HALF = r"(?: (?:and )?a half| וחצי)"
_PART = rf"(?:(?:{_N}{_HALF}? (?:{_SCALE})|ו?מיליון|ו?אלף)(?![א-ת\w]){_HALF}?)"
_AMOUNT = rf"(?:half a million|חצי מיליון|{_PART}(?:(?: and| ו)? {_PART})*(?:(?: and| ו)? \d{{1,3}}(?![.\d]))?|{_N})"
_CURRENCY = (
    r'(?:₪|\$|€|£|שקל(?:ים)?|ש"?ח|nis|ils|shekels?'
    r"|dollars?|bucks|euros?|pounds|דולר(?:ים)?|יורו|אירו|percent|%|אחוז(?:ים)?)"
)
_PER = r"(?:(?:a|per) (?:month|hour|night|week|year|square|meter)|ל(?:חודש|שעה|לילה|שבוע|שנה|מטר))"
_COSTS = (
    r"(?:costs?|price is|price of|priced at|fee is|fee of|rent is|charge|asking|"
    r"ה?(?:עולה|עולים|עלות|מחיר|מחירה|מחירו|עמלה|שכירות)(?: ה?(?:וא|יא))?)"
)
_ONLY = r"(?: (?:only|just|about|around|roughly|רק|בערך|כ|סביב))*"
_AREA = r"(?! ?(?:meters?|metres?|square|sq|people|times|thanks|מטר|מ\"ר|איש|אנשים|פעמים|תודות))"
_PRICES = (
    re.compile(rf"(?<![\d.])({_AMOUNT})(?= ?{_CURRENCY}(?![\w]))"),
    re.compile(rf"[₪$€£] ?({_AMOUNT})"),
    re.compile(rf"(?<![\d.])({_PART}(?:(?: and| ו)? {_PART})*|half a million|חצי מיליון){_AREA}"),
    re.compile(rf"\b{_COSTS}{_ONLY} ({_AMOUNT})(?! ?(?:minutes?|hours?|days?|דקות|שעות|ימים)){_AREA}"),
    re.compile(rf"(?<![\d.])({_AMOUNT})(?= {_PER}(?![\w]))"),
)
_ALL_OF_IT = re.compile(r"\b100 ?(?:%|percent)|100 אחוז")
_ANY_AMOUNT = re.compile(rf"(?<![\d.:/]){_AMOUNT}(?![\d:/])")
_TERM = re.compile(rf"(?P<n>{_N})?(?P<inner>{_HALF})? ?ו?(?P<scale>(?:{_SCALE})(?![א-ת\w]))?(?P<half>{_HALF})?")


def amounts(text: str) -> Iterator[float]:
    """Every number of `figures`, with its scale."""
    if _SUM.search(text):
        for match in _ANY_AMOUNT.finditer(text):
            yield _amount(match[0])


def _amount(text: str) -> float:
    if text in ("half a million", "חצי מיליון"):
        return 5e5
    total = 0.0
    for term in _TERM.finditer(text):
        if term["n"] is None and term["scale"] is None:
            continue
        scale = _SCALES.get(term["scale"] or "", 1)
        total += (float(term["n"] or 1) + (0.5 if term["inner"] or term["half"] else 0)) * scale
    return round(total, 2)


# --- time of day

_EN_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HE_DAYS = {
    "שני": 0, "שלישי": 1, "רביעי": 2, "חמישי": 3, "שישי": 4, "שבת": 5, "ראשון": 6, "א'": 6, "ב'": 0, "ג'": 1, "ד'": 2,
    "ה'": 3, "ו'": 4,
}  # fmt: skip
_HE_PART = r"(?:ב?בוקר|בערב|בלילה|ב?צהריים|אחרי? ה?צהריים|אחה\"צ|לפנות)"
_EN_PART = r"(?:am|pm|in the (?:morning|afternoon|evening)|at night|oclock)"
_H = r"(1\d|2[0-4]|0?\d)"
_EN_AFTER = (
    rf"(?= ?(?:$|[.,;:?!](?!\d)|(?:and|or|on|in the|at night|tomorrow|today|tonight|sharp|"
    rf"this|next|then|works|would|is|if|for|"
    rf"with|it is|suits?|{'|'.join(_EN_DAYS)})\b))"
)
_HE_AFTER = (
    rf"(?= ?(?:$|[.,;:?!](?!\d)|{_HE_PART}|(?:מחר|היום|ביום|יום|או|ועד|עד|מתאים|נוח|יתאים|זה|בסדר|אם|עם|אצל)(?![א-ת])))"
)
_MORE = r"(?P<more>(?: ?ו ?\d\d?| [0-5]\d| ו?חצי| ו?רבע)(?![\d.]))?"
_EN_TIMES = (
    re.compile(r"(?<![\d:.])([01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?![\d:])"),
    re.compile(rf"(?<![\d:.])(?<!past )(?<!quarter to ){_H}(?: (?P<minute>[0-5]\d))? {_EN_PART}(?!\w)"),
    re.compile(rf"\b(?P<shift>half past|quarter past|quarter to) {_H}(?!\d|[.:]\d)"),
    re.compile(rf"\b(?P<minute>\d\d?)(?: minutes)? past {_H}(?!\d|[.:]\d)"),
    re.compile(rf"\b(?:at|by|until|till|before|after|around) {_H}(?: (?P<minute>[0-5]\d))?{_EN_AFTER}"),
    re.compile(rf"\b(?:from|between) {_H} (?:to|and|until) \d\d?{_EN_AFTER}"),
    re.compile(rf"\b(?:from|between) \d\d? (?:to|and|until) {_H}{_EN_AFTER}"),
)
_HE_TIMES = (
    re.compile(rf"(?<![א-ת])[ובלמ]?שעה (?:ה )?{_H}(?!\d|[.:]\d){_MORE}"),
    re.compile(rf"(?<![א-ת\d])ו?ב {_H}(?!\d|[.:]\d){_MORE}{_HE_AFTER}"),
    re.compile(rf"(?<![א-ת\d])(?:מ|בין|מ שעה) {_H}(?!\d|[.:]\d){_MORE} (?:ו?עד|ל|ו)(?: ל)? \d"),
    re.compile(rf"(?<![א-ת\d])(?:מ|בין) \d\d? (?:ו?עד|ל|ו)(?: ל)? {_H}(?!\d|[.:]\d){_MORE}{_HE_AFTER}"),
    re.compile(rf"(?<![א-ת])(?:עד|אחרי|לפני) {_H}(?!\d|[.:]\d){_MORE}{_HE_AFTER}"),
    re.compile(rf"(?<![א-ת])[בלמו]?(?P<shift>רבע) ל {_H}(?!\d|[.:]\d)"),
    re.compile(rf"(?<![\d.:])(?<!רבע ל ){_H}{_MORE} {_HE_PART}(?![א-ת])"),
)
_FIXED_TIMES = re.compile(r"\b(noon|midday|midnight)\b|(?<![א-ת])[בל]?(חצות)(?![א-ת])")
_SHIFTS = {"half past": 30, "quarter past": 15, "quarter to": -15, "רבע": -15}


def times(text: str) -> Iterator[int]:
    """Every time of day in `figures`, in minutes on a twelve-hour dial (a caller seldom says which half)."""
    if _FIXED_TIMES.search(text):
        yield 0
    if not _FIGURE.search(text):
        return
    for pattern in _EN_TIMES if text.isascii() else (*_EN_TIMES, *_HE_TIMES):
        for match in pattern.finditer(text):
            found = match.groupdict()
            minute = int(found.get("minute") or 0) + _SHIFTS.get(found.get("shift") or "", 0)
            hour = next(g for g in match.groups() if g is not None and g.isdecimal() and g is not found.get("minute"))
            if more := found.get("more"):
                digits = re.sub(r"\D", "", more)
                minute += int(digits) if digits else 30 if "חצי" in more else 15
            yield (int(hour) * 60 + minute) % 720


# --- days

_MONTHS = {
    name: n for names in (
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december"),
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        ("ינואר", "פברואר", "מרץ", "אפריל", "מאי", "יוני", "יולי", "אוגוסט", "ספטמבר", "אוקטובר", "נובמבר", "דצמבר"),
    ) for n, name in enumerate(names, 1)
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_MONTH_DAYS = (
    re.compile(rf"\b(?P<m>{_MONTH})\.? (?:the )?(?P<d>\d\d?)(?:th)?(?![\d:.]\d|\d| ?(?:am|pm)\b)"),
    re.compile(rf"(?<![\d:.])(?P<d>\d\d?)(?:th)? (?:of |ב ?|ל ?)?(?P<m>{_MONTH})(?![א-ת\w])"),
)
_NUMERIC = re.compile(r"(?<![\d./])(?P<d>\d\d?)(?:/(?P<m>\d\d?)(?:/\d{2,4})?|\.(?P<m2>\d\d?)\.\d{2,4})(?![\d/])")
_ISO = re.compile(r"\b\d{4} ?- ?(?P<m>\d\d) ?- ?(?P<d>\d\d)(?!\d)")
_NTH = re.compile(r"\bthe (\d\d?)th(?= ?(?:$|[.,;:?!]|(?:at|of this|of next|in the|works|is|or|and)\b))|(\d\d?) לחודש")
_WEEKDAY = re.compile(
    rf"\b({'|'.join(_EN_DAYS)})s?\b|(?<![א-ת])(?:[ובלמהש]*(?:ימי|יום) )({'|'.join(_HE_DAYS)})(?![א-ת])"
    r"|(?<![א-ת])[ובלמה]*(שבת)(?![א-ת])"
)
_AHEAD = (
    (re.compile(r"\bday after tomorrow\b|(?<![א-ת])[ולמ]?מחרתיים(?![א-ת])"), 2),
    (re.compile(r"(?<!day after )\btomorrow\b|(?<![א-ת])[ולמש]?מחר(?![א-ת])"), 1),
)
_DAYS_TO_DAYS = re.compile(
    rf"\b({'|'.join(_EN_DAYS)})s? (?:to|through|until|till|-|–) ({'|'.join(_EN_DAYS)})s?\b"
    r"|(?<![א-ת])(?:[ובלמהש]*(?:ימי|יום|ימים) )?([א-ת]{4,5}|[א-ו]')"
    r" ?(?:עד|-|–) ?(?:יום )?(חמישי|שישי|שבת|[א-ו]')(?![א-ת])"
)


def month_days(text: str) -> Iterator[tuple[int, int]]:
    """(month, day) of every date in `figures`. Written with strokes or dots the day comes first, and only if it can."""
    if not _FIGURE.search(text):
        return
    for pattern in (*_MONTH_DAYS, _NUMERIC, _ISO):
        for match in pattern.finditer(text):
            found = match.groupdict()
            name = found["m"] or found.get("m2") or ""
            month, day = _MONTHS.get(name) or int(name), int(found["d"])
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield month, day


def nth_days(text: str) -> Iterator[int]:
    """The days of a month that is not named: "the 24th"."""
    for match in _NTH.finditer(text):
        if (day := int(match[1] or match[2])) > 3:  # "the second" is more often no day
            yield day


def weekdays(text: str) -> Iterator[int]:
    """Every weekday that is named, 0 is Monday; all days of "Sunday to Thursday"."""
    for match in _WEEKDAY.finditer(text):
        yield _weekday(match[1] or match[2] or match[3])
    for match in _DAYS_TO_DAYS.finditer(text):
        first, last = match[1] or match[3], match[2] or match[4]
        if first in _EN_DAYS or first in _HE_DAYS:
            start, end = _weekday(first), _weekday(last)
            yield from ((start + n) % 7 for n in range((end - start) % 7 + 1))


def days_ahead(text: str) -> Iterator[int]:
    """1 for tomorrow, 2 for the day after. Today is no claim: it is in every second greeting."""
    for pattern, days in _AHEAD:
        if pattern.search(text):
            yield days


def days_named(text: str) -> int:
    """How many days a text speaks of by name, be it a question or not."""
    plain = figures(text)
    return len({*weekdays(plain)}) + len({*days_ahead(plain)})


def _weekday(name: str) -> int:
    return _EN_DAYS.index(name) if name in _EN_DAYS else _HE_DAYS[name]


# --- listings

_NO_STREET = r"(?!(?:שקט|ראשי|צדדי|סואן|קטן|נעים|מקביל|הזה|הזאת|הראשי|שלכם|שלך|כלשהו|מסוים)(?![א-ת]))"
_STREETS = (
    re.compile(r"(?:\b(?P<n>\d{1,4}[A-Za-z]?) )?\b(?P<s>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?)"
        r" (?:Street|St\b|Avenue|Ave\b|Road|Rd\b|Boulevard|Blvd\b|Lane|Drive|Square)"
        r"(?: (?P<n2>\d{1,4}))?"),
    re.compile(r"\b(?:on|at) (?P<s>[A-Z][\w'’-]+) (?P<n>\d{1,4})(?![\d:.]\d|\d| ?[ap]\.?m)"),
    re.compile(rf"(?<![א-ת])[ובהלמש]*(?:רחוב|רח['׳]|שדרות|שד['׳]|סמטת|כיכר) {_NO_STREET}"
        rf"(?P<s>[א-ת][א-ת'\"׳״]+)(?:(?: [א-ת'\"׳״]+)? (?P<n>\d{{1,4}}))?"),
)  # fmt: skip
_NOT_STREETS = re.compile(rf"^(?:{_MONTH}|{'|'.join(_EN_DAYS)}|the|suite|floor|room|gate|number|line|main|this|a)$")
_THINGS = {
    "home": r"apartments?|flats?|houses?|penthouse|studio|villa|cottage|duplex|propert(?:y|ies)|listings?|homes?"
    r"|דיר(?:ה|ת|ות)|פנטהאוז|וילה|קוטג'|דופלקס|נכס(?:ים)?|בית פרטי",
    "place": r"offices?|shops?|stores?|warehouses?|plots?|משרדים|חנו(?:ת|יות)|מגרש(?:ים)?|מחסן",
}
_HAVE = (
    r"(?:\b(?:we have|we've got|we got|we also have|there is|there's|there are"
    r"|i have|i've got|i found|i can offer|we can offer"
    r"|available is|we do have)\b|(?<![א-ת])(?:יש לנו|יש לי|מצאתי|יש כרגע|ישנה|ישנו|ישנן|יש(?= (?:דיר|נכס|פנט|וילה))"
    r"|אפשר להציע)(?![א-ת]))"
)
_OFFERS = {
    thing: re.compile(rf"{_HAVE}(?:(?! (?:about|regarding|לגבי|בנוגע))[^.?!]){{0,60}}"
        rf"(?<![א-ת\w])[ובהל]?(?:{words})(?![א-ת\w])")
    for thing, words in _THINGS.items()
}  # fmt: skip
_ROOMS = re.compile(r"(?<![\d.:])(\d\d?(?:\.5)?)(?: וחצי)? (?:bed)?(?:rooms?|חדרים)(?![א-ת\w])")
_NAMED = {thing: re.compile(rf"(?<![א-ת\w])[ובהל]*(?:{words})(?![א-ת\w])") for thing, words in _THINGS.items()}


def addresses(text: str) -> Iterator[str]:
    """Every street that the *original* text names, with the number if it says one, as "name number" in figures."""
    for pattern in _STREETS:
        for match in pattern.finditer(text):
            name = figures(match["s"])
            if not _NOT_STREETS.match(name):
                number = match["n"] or match.groupdict().get("n2") or ""
                yield f"{name} {number}".strip().casefold()


def things(text: str) -> Iterator[str]:
    """The kinds of thing that `figures` speaks of, offered or not."""
    return (thing for thing, pattern in _NAMED.items() if pattern.search(text))


def rooms(text: str) -> Iterator[float]:
    """Every number of rooms in `figures`."""
    return (float(m[1]) + (0.5 if "וחצי" in m[0] else 0) for m in _ROOMS.finditer(text))


@lru_cache(maxsize=512)
def claims(text: str) -> frozenset[Claim]:
    """What a sentence, or a part of one, states. A question proposes days, and does not state them."""
    plain = figures(text)
    found = {Claim("price", _amount(m[1])) for p in _PRICES for m in p.finditer(plain)} if _SUM.search(plain) else set()
    if found and _ALL_OF_IT.search(plain):
        found.discard(Claim("price", 100.0))
    found |= {Claim("time", minutes) for minutes in times(plain)}
    found |= {Claim("month-day", day) for day in month_days(plain)} | {Claim("day", day) for day in nth_days(plain)}
    if not text.rstrip("\"'”׳״) ").endswith("?"):
        found |= {Claim("weekday", day) for day in weekdays(plain)} | {Claim("ahead", n) for n in days_ahead(plain)}
    found |= {Claim("address", address) for address in addresses(text)}
    offered = {Claim("offer", thing) for thing, pattern in _OFFERS.items() if pattern.search(plain)}
    if offered:
        found |= offered | {Claim("rooms", number) for number in rooms(plain)}
    return frozenset(found)
