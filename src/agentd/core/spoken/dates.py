"""Dates: 22/11/2026, 22.11, 2026-11-22, "22 בנובמבר", "Nov 22".

Hebrew says the day in the masculine (עשרים ושניים בנובמבר) and the first as ראשון. Figures without a year are a date
where the text says so (a day of the week, ב-, תאריך before them) or where they can hardly be anything else (22.11).
English text puts the month first unless its language is not American or the figures allow one reading only.
"""

from __future__ import annotations

import re

from agentd.core.spoken import numbers_en, numbers_he
from agentd.core.spoken.figures import said

HE_MONTHS = [
    "ינואר", "פברואר", "מרץ", "אפריל", "מאי", "יוני", "יולי", "אוגוסט", "ספטמבר", "אוקטובר", "נובמבר", "דצמבר",
]  # fmt: skip
EN_MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip
_EDGE, _NOT_ON = r"(?<![\d.,/:])", r"(?!\d|[./,:-]\d)"
_ISO = re.compile(
    rf"{_EDGE}(?P<y>[12]\d{{3}})(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep)(?P<d>\d{{1,2}}){_NOT_ON}(?:T(?=\d))?"
)
_FULL = re.compile(rf"{_EDGE}(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<y>\d{{4}}|\d{{2}}){_NOT_ON}")
_HE_BEFORE = (
    r"(?P<before>(?:תאריך|תאריכים|יום (?:ראשון|שני|שלישי|רביעי|חמישי|שישי|שבת|[א-ו]')|שבת|מחר|היום|(?P<limit>עד|בין))"
    r"[ ,]{1,2}(?:ה-?|ב-?)?|(?<![א-ת])[ושכ]?מ?[בהלמ]-?)?"
)
_HE_SHORT = re.compile(
    rf"{_HE_BEFORE}(?<![\d.,/:])(?:(?P<from>\d{{1,2}})-)?{_EDGE}(?P<d>\d{{1,2}})(?P<sep>[./])"
    rf"(?P<m>\d{{1,2}}){_NOT_ON}(?! ?(?:%|₪|\$|€|אחוז|מטר|מיליון|אלף|שקל|דולר|מ\"ר|ק\"מ|ש\"ח|קילו|[א-ת]+(?:ים"
    rf"|ות)(?![א-ת])))"
)
_HE_NAME = rf"(?P<month>{'|'.join(HE_MONTHS)}|מרס|חודש)(?![א-ת])"
_HE_NAMED = re.compile(
    rf"(?<![\d.,/:])(?P<d>\d{{1,2}})(?: ?- ?(?P<to>\d{{1,2}}))? ?(?P<in>[בל]?-?){_HE_NAME}"
    rf"(?:,? (?P<y>[12]\d{{3}})(?![\d,]))?"
)
_EN_NAME = (
    r"(?P<month>"
    + "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "May" else name for name in EN_MONTHS)
    + r"|Sept)\b\.?"
)
_EN_YEAR = r"(?:,? (?P<y>[12]\d{3})(?![\d,]))?"
_EN_MONTH_FIRST = re.compile(
    rf"\b{_EN_NAME} (?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.,]\d|\d)(?:(?: ?- ?| to )(?P<to>\d{{1,2}})(?:st|nd"
    rf"|rd|th)?(?!\d|:))?{_EN_YEAR}"
)
_EN_DAY_FIRST = re.compile(rf"(?P<the>\b[Tt]he )?{_EDGE}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_EN_NAME}{_EN_YEAR}")
_EN_MONTH_YEAR = re.compile(rf"\b{_EN_NAME},? (?P<y>[12]\d{{3}})(?![\d,])")
_EN_SHORT = re.compile(
    rf"(?P<before>\b(?:on|by|until|from|date|to|(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day),? ){_EDGE}"
    rf"(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}}){_NOT_ON}"
)


def hebrew(text: str) -> str:
    """Hebrew dates to words."""

    def full(match: re.Match[str]) -> str:
        return _hebrew_date(int(match["b"]), int(match["a"]), match["y"]) or match[0]

    text = _ISO.sub(lambda m: _hebrew_date(int(m["m"]), int(m["d"]), m["y"]) or m[0], text)
    text = _FULL.sub(full, text)
    text = _HE_NAMED.sub(_hebrew_named, text)
    return _HE_SHORT.sub(_hebrew_short, text)


def english(text: str, month_first: bool) -> str:
    """English dates to words. `month_first`: what 3/4 means."""

    def figures(match: re.Match[str], year: str = "") -> str | None:
        a, b = int(match["a"]), int(match["b"])
        month, day = (a, b) if (month_first and a <= 12) or b > 12 else (b, a)
        return _english_date(month, day, year)

    def day_first(match: re.Match[str]) -> str:
        if match["the"] and 1 <= int(match["d"]) <= 31:
            year = f", {numbers_en.year(int(match['y']))}" if match["y"] else ""
            return match["the"] + said(f"{numbers_en.ordinal(int(match['d']))} of {_month_name(match)}{year}")
        return named(match)

    def named(match: re.Match[str]) -> str:
        month = EN_MONTHS.index(_month_name(match)) + 1
        to = match.groupdict().get("to")
        until = f" to {numbers_en.ordinal(int(to))}" if to and 1 <= int(to) <= 31 else ""
        return _english_date(month, int(match["d"]), match["y"] or "", until) or match[0]

    text = _ISO.sub(lambda m: _english_date(int(m["m"]), int(m["d"]), m["y"]) or m[0], text)
    text = _FULL.sub(lambda m: figures(m, m["y"]) or m[0], text)
    text = _EN_DAY_FIRST.sub(day_first, _EN_MONTH_FIRST.sub(named, text))
    text = _EN_MONTH_YEAR.sub(lambda m: m[0][: m.start("y") - m.start()] + said(numbers_en.year(int(m["y"]))), text)
    return _EN_SHORT.sub(lambda m: m["before"] + (figures(m) or m[0][len(m["before"]) :]), text)


def _month_name(match: re.Match[str]) -> str:
    return next(name for name in EN_MONTHS if name.startswith(match["month"][:3]))


def _century(year: str) -> int:
    """Two digits up to 69 are this century's."""
    return int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 70 else 1900)


def _hebrew_day(day: int) -> str:
    return "ראשון" if day == 1 else numbers_he.cardinal(day, masculine=True)


def _hebrew_date(month: int, day: int, year: str = "") -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    words = f"{_hebrew_day(day)} ב{HE_MONTHS[month - 1]}"
    return said(f"{words} {numbers_he.cardinal(_century(year))}" if year else words)


def _hebrew_named(match: re.Match[str]) -> str:
    day, to = int(match["d"]), int(match["to"] or 1)
    joint = match["in"].rstrip("-")
    if not (1 <= day <= 31 and 1 <= to <= 31) or (match["month"] == "חודש" and not joint):
        return match[0]
    until = f" עד {_hebrew_day(to)}" if match["to"] else ""
    year = f" {numbers_he.cardinal(int(match['y']))}" if match["y"] else ""
    return said(f"{_hebrew_day(day)}{until} {joint or 'ב'}{match['month']}{year}")


def _hebrew_short(match: re.Match[str]) -> str:
    before, day, month = match["before"] or "", int(match["d"]), int(match["m"])
    written = match[0][len(before) :]
    # 22.11 and 22/11 are dates wherever they stand; 3.5 is a decimal and 3/4 a fraction until the text says otherwise.
    # "עד 1.5" is a number as often as a date.
    if match["limit"] and len(match["m"]) < 2 and "ה" not in before:
        return match[0]
    evident = len(match["m"]) == 2 and (day > 12 or match["sep"] == "/" or match["d"].startswith("0"))
    if not before and not evident and not (match["sep"] == "/" and day > 10):
        return match[0]
    first = int(match["from"] or 1)
    date = _hebrew_date(month, day) if 1 <= first <= 31 else None
    if date and match["from"]:
        date = said(_hebrew_day(first)) + "-" + date
    return before + (date or written)


def _english_date(month: int, day: int, year: str = "", until: str = "") -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    words = f"{EN_MONTHS[month - 1]} {numbers_en.ordinal(day)}{until}"
    return said(f"{words}, {numbers_en.year(_century(year))}" if year else words)
