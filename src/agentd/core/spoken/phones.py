"""Phone numbers and other numbers that are read digit by digit, grouped by commas as people dictate them.

Israeli numbers: the prefix, three, two, two (אפס חמש אפס, אחת שתיים שלוש, ארבע חמש, שש שבע); in English prefix, three,
four. +972 before an Israeli number becomes the leading zero that a listener in the country dials. Codes, orders and
identity numbers are recognised by the word before them, or by being seven digits and more.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agentd.core.spoken.figures import groups, said

_EDGE = r"(?<![\d.,:/+-])(?<!\d )"
_NOT_ON = r"(?![\d]|[.,:/-]\d)"
_ISRAELI = re.compile(
    rf"(?:{_EDGE}|(?<=[א-ת]-))(?:\+?972[- ]?\(?0?\)?|0)(?P<area>[57]\d|[23489])\)?[-. ]?(?P<rest>\d"
    rf"(?:[-. ]?\d){{6}}){_NOT_ON}"
)
_TOLL = re.compile(
    rf"(?:{_EDGE}|(?<=[א-ת]-))1[- ](?P<kind>[5789]\d\d)[- ](?P<rest>\d{{2,3}}[- ]?\d{{2,3}}[- ]?\d{{0,2}}){_NOT_ON}"
)
_AMERICAN = re.compile(
    rf"(?:{_EDGE}|(?<=[א-ת]-))(?P<country>\+?1[-. ]?)?\(?(?P<area>\d{{3}})\)?[-. ]{{1,2}}(?P<mid>\d{{3}})[-. ]"
    rf"(?P<last>\d{{4}}){_NOT_ON}"
)
_ABROAD = re.compile(r"(?<!\w)\+(?P<groups>\d{1,4}(?:[- .]{1,2}\(?\d{1,11}\)?){1,6}|\d{8,15})(?!\d)")
_SHORT = re.compile(rf"(?:{_EDGE}|(?<=[א-ת]-))\d{{3}}-\d{{4}}{_NOT_ON}")
_STAR = re.compile(r"(?<![*\w])\*(\d{3,5})(?![\d*])|(?<!\w)(\d{3,5})\*(?![\w*])")
_STAR_KEY = re.compile(r"(?<=[^\W\d_] )\*(?=$|[.,?!]| [^\W\d_])")
_CODE_WORD = (
    r"(?:קוד|מספר|מס'|הזמנה|אישור|אסמכתה|אסמכתא|תעודת זהות|ת\"ז|ת\.ז\.?|זהות|פנייה|תיק|סיסמה|הספרות האחרונות"
    r"|ספרות אחרונות|"
    r"\b(?:code|order|confirmation|reference|number|case|ticket|account|PIN|ID|passcode|password)\b)"
)
_CODE = re.compile(
    rf"(?P<word>{_CODE_WORD}(?: (?:ה[א-ת]{{3,}}|שלך|שלכם|שלי|הוא|היא|הן|is|number))*[:#]? (?:הוא |היא )?#?)"
    rf"(?P<run>\d{{3,}}){_NOT_ON}(?!\s?[₪%$€])",
    re.IGNORECASE,
)
_LONG = re.compile(
    rf"(?:(?<![\d.,])\d{{7,}}|{_EDGE}0\d+){_NOT_ON}(?! ?(?:₪|\$|€|ש\"ח|שקל|דולר|יורו|NIS|dollars|shekels))"
)
_CHAIN = re.compile(r"(?<![\d.,:/-])\d+(?:-\d+){2,}(?![\d:%₪$€]|[.,/]\d)")
_VERSION = re.compile(r"(?<![\d.,])\d+(?:\.\d+){2,}(?!\d)")
_WRITTEN = re.compile(r"\d+")

Spell = Callable[[str], str]


def stars(text: str, spell: Spell, star: str) -> str:
    """*2345, the short numbers of Israeli businesses. Before markdown, which would take the star away."""
    if "*" not in text:
        return text
    text = _STAR_KEY.sub(star, text)
    return _STAR.sub(lambda m: said(f"{star} {_row(_pairs(m[1] or m[2]), spell)}"), text)


def dictated(text: str, spell: Spell, hundreds: Spell, plus: str, pairs: bool) -> str:
    """Every phone number and code.

    `spell`: a few digits to words; `hundreds`: the 700 of 1-700; `pairs`: the last four as two and two.
    """

    def israeli(match: re.Match[str]) -> str:
        rest = re.sub(r"\D", "", match["rest"])
        end = [rest[3:5], rest[5:]] if pairs else [rest[3:]]
        return said(_row([f"0{match['area']}", rest[:3], *end], spell))

    def toll(match: re.Match[str]) -> str:
        kind = hundreds(match["kind"]) if match["kind"].endswith("00") else spell(match["kind"])
        rest = re.sub(r"\D", "", match["rest"])
        return said(f"{spell('1')} {kind}, {_row(_pairs(rest), spell)}")

    def american(match: re.Match[str]) -> str:
        country = f"{plus + ' ' if '+' in match['country'] else ''}{spell('1')}, " if match["country"] else ""
        return said(country + _row([match["area"], match["mid"], match["last"]], spell))

    def abroad(match: re.Match[str]) -> str:
        written = _WRITTEN.findall(match["groups"])
        return said(f"{plus} " + _row([part for group in written for part in _short(group)], spell))

    def as_written(match: re.Match[str]) -> str:
        return said(_row(_WRITTEN.findall(match[0]), spell))

    text = _ISRAELI.sub(israeli, text)
    text = _TOLL.sub(toll, text)
    text = _AMERICAN.sub(american, text)
    text = _ABROAD.sub(abroad, text)
    text = _SHORT.sub(as_written, text)
    text = _CODE.sub(lambda m: m["word"].removesuffix("#") + said(_row(groups(m["run"]), spell)), text)
    return _LONG.sub(lambda m: said(_row(groups(m[0]), spell)), text)


def chained(text: str, spell: Spell, point: str) -> str:
    """What is left of figures in a row: 12-34-56 digit by digit, a version 1.2.3 with its points. After the dates."""
    text = _CHAIN.sub(lambda m: said(_row(_WRITTEN.findall(m[0]), spell)), text)
    return _VERSION.sub(lambda m: said(f" {point} ".join(spell(part) for part in m[0].split("."))), text)


def _pairs(run: str) -> list[str]:
    if len(run) % 2:
        return groups(run)
    return [run[i : i + 2] for i in range(0, len(run), 2)]


def _short(group: str) -> list[str]:
    return groups(group) if len(group) > 4 else [group]


def _row(parts: list[str], spell: Spell) -> str:
    return ", ".join(spell(part) for part in parts if part)
