"""Hours as people say them: 14:30 is "שתיים וחצי אחר הצהריים", "two thirty PM".

Hebrew: twelve-hour, feminine; :15 ורבע, :30 וחצי, :45 רבע ל-; the part of the day is added where the 24-hour figure
tells it (from 12:00 on, and before 06:00 with a leading zero) and the text does not say it itself. In a range of one
part of the day only the end says it.
"""

from __future__ import annotations

import re

from agentd.core.spoken import numbers_en, numbers_he
from agentd.core.spoken.figures import said

_CLOCK = r"(?<![\d:.,])(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d:]|[.,]\d)"
_HALF = r"(?: ?(?P<half>[AaPp])\.?[Mm](?:\.(?!$)|\b))"
_HE_PART = (
    r" ?,? ?(?:(?:אתמול|היום|מחר) )?(?:ב?בוקר|ב?צהריים|אחר הצהריים|אחה\"צ|לפני הצהריים|לפנה\"צ|ב?ערב|ב?לילה|לפנות)"
)
_HE_CLOCK = re.compile(rf"{_CLOCK}{_HALF}?")
_HE_BARE_HALF = re.compile(rf"(?<![\d:.,])(?P<h>1[0-2]|[1-9]){_HALF}")
_HE_OTHER = re.compile(r" ?(?:-|עד|עד ל-?|ל-?|ועד) ?(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)")
_HE_SAID = re.compile(_HE_PART)
_HE_DOT = re.compile(
    r"(?P<before>שע(?:ה|ות) (?:ה-?)?)(?P<h>[01]?\d|2[0-4])\.(?P<m>[0-5]\d)(?!\d)|(?P<prefix>"
    r"(?<![א-ת])[ושכ]?[בלמ]-?)(?P<ph>[01]?\d|2[0-3])\.(?P<pm>00|15|30|45)(?![\d%₪$]| ?(?:שקל|דולר|ש\"ח|מטר|אחוז))"
)
_HE_WHOLE = re.compile(
    r"(?P<before>שעה (?:ה-?)?)(?P<h>1[3-9]|2[0-4])(?![\d:.,]\d|[\d:%/-])|(?P<hours>שעות (?:ה-?)?)"
    r"(?P<a>\d{1,2}) ?- ?(?P<b>1[2-9]|2[0-4])(?![\d:.]\d|\d)"
)
_EN_CLOCK = re.compile(rf"{_CLOCK}{_HALF}?(?P<oclock> o'clock)?")
_EN_OTHER = re.compile(r" ?(?:-|to|until|till|and) ?([01]?\d|2[0-4]):[0-5]\d(?! ?[AaPp]\.?[Mm])")
_EN_BARE_HALF = re.compile(rf"(?<![\d:.,])(?P<h>1[0-2]|0?[1-9]){_HALF}")
_EN_HALF_RANGE = re.compile(
    r"(?<![\d:.,])(?P<a>1[0-2]|[1-9])(?P<to> ?- ?)(?=(?:1[0-2]|[1-9])(?::[0-5]\d)? ?[ap]\.?m\b)", re.IGNORECASE
)


def hebrew(text: str) -> str:
    """Hebrew hours to words."""
    text = _HE_DOT.sub(lambda m: f"{m['before'] or m['prefix']}{m['h'] or m['ph']}:{m['m'] or m['pm']}", text)
    text = _HE_WHOLE.sub(
        lambda m: f"{m['before']}{m['h']}:00" if m["before"] else f"{m['hours']}{m['a']}:00-{m['b']}:00", text
    )
    text = _HE_BARE_HALF.sub(lambda m: said(_clock_he(_of_day(int(m["h"]), m["half"]), 0, True)), text)
    return _HE_CLOCK.sub(_hebrew_clock, text)


def english(text: str) -> str:
    """English hours to words."""
    text = _EN_HALF_RANGE.sub(lambda m: f"{said(numbers_en.cardinal(int(m['a'])))}{m['to']}", text)
    text = _EN_CLOCK.sub(_english_clock, text)
    return _EN_BARE_HALF.sub(lambda m: said(f"{numbers_en.cardinal(int(m['h']))} {m['half'].upper()}M"), text)


def _of_day(hour: int, half: str) -> int:
    return hour % 12 + (12 if half in "pP" else 0)


def _hebrew_clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match["h"]), int(match["m"]), match["half"]
    if hour == 24 and minute:
        return match[0]
    if half:
        return said(_clock_he(_of_day(hour, half), minute, True))
    rest = match.string[match.end() :]
    told = hour >= 12 or (hour < 6 and match["h"].startswith("0"))
    if _HE_SAID.match(rest):
        told = False
    elif other := _HE_OTHER.match(rest):
        end, end_told = int(other["h"]), int(other["h"]) >= 12 and not _HE_SAID.match(rest[other.end() :])
        if 6 <= hour < 12 and end_told:
            told = True  # nine in the morning to five in the afternoon
        elif (told and end_told and _part(hour, minute) == _part(end, int(other["m"]))) or (
            told and not end_told and end >= hour
        ):
            told = False
    return said(_clock_he(hour, minute, told))


def _clock_he(hour: int, minute: int, told: bool) -> str:
    if hour in (0, 24) and not minute and told:
        return "חצות"
    if minute == 45:
        return _with_part(f"רבע ל{_hour_he(hour + 1)}", hour + 1, 0, told)
    if minute in (0, 15, 30):
        words = _hour_he(hour) + {0: "", 15: " ורבע", 30: " וחצי"}[minute]
    elif minute == 20:
        words = f"{_hour_he(hour)} ועשרים"
    elif minute <= 10:
        count = "דקה" if minute == 1 else f"{numbers_he.before_noun(minute, False)} דקות"
        words = f"{_hour_he(hour)} ו{count}"
    else:
        words = f"{_hour_he(hour)} {numbers_he.cardinal(minute)}"
    return _with_part(words, hour, minute, told)


def _hour_he(hour: int) -> str:
    return numbers_he.cardinal((hour - 1) % 12 + 1)


def _with_part(words: str, hour: int, minute: int, told: bool) -> str:
    return f"{words} {_part(hour, minute)}" if told else words


def _part(hour: int, minute: int) -> str:
    hour = (hour + 1 if minute == 45 else hour) % 24
    if hour < 4 or hour >= 22:
        return "בלילה"
    if hour < 6:
        return "לפנות בוקר"
    if hour < 12:
        return "בבוקר"
    if hour < 14:
        return "בצהריים"
    return "אחר הצהריים" if hour < 18 else "בערב"


def _english_clock(match: re.Match[str]) -> str:
    hour, minute = int(match["h"]), int(match["m"])
    half = f" {match['half'].upper()}M" if match["half"] else ""
    if not half and minute == 0 and hour in (0, 12, 24):
        return said("noon" if hour == 12 else "midnight")
    if not half and (hour > 12 or match["h"].startswith("0")):
        half = " PM" if 12 <= hour < 24 else " AM"
    if not half and hour < 12 and (other := _EN_OTHER.match(match.string, match.end())) and int(other[1]) > 12:
        half = " AM"
    words = numbers_en.cardinal((hour - 1) % 12 + 1)
    if minute:
        words += f" {'oh ' if minute < 10 else ''}{numbers_en.cardinal(minute)}"
    elif not half:
        words += " o'clock"
    return said(words + half)
