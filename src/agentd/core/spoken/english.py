"""The order of the rules for English, and its remaining numbers: ordinals, years, halves, fractions, decades."""

from __future__ import annotations

import re

from agentd.core.spoken import abbreviations, addresses, dates, hours, markup, money_units, phones
from agentd.core.spoken.figures import CLOSE, SIGNED, figure, placed, said
from agentd.core.spoken.numbers_en import cardinal, decimal, digits, ordinal, plain_digits, year
from agentd.core.spoken.tidy import tidied

_DIGIT = re.compile(r"[0-9]")
_VULGAR = {"½": ".5", "¼": ".25", "¾": ".75"}
_VULGAR_ALONE = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}
_VULGARS = re.compile(r"(?:(?<=\d) ?([½¼¾]))|[½¼¾⅓⅔]")
_ALWAYS_OPEN = re.compile(r"24/7(?![\d/])")
_FRACTION = re.compile(
    r"(?<![\d.,/])(?:(?P<whole>\d{1,3}) )?(?P<up>[1-9])/(?P<down>[2-9]|10)(?![\d/]|[.,]\d)(?P<hour> hour\b)?"
)
_ORDINAL = re.compile(r"(?<![\d.,])(\d{1,9})(?:st|nd|rd|th)\b")
_DECADE = re.compile(r"(?<![\d.,])((?:1[6-9]|20)\d0)s\b")
_YEAR = re.compile(
    r"(?<![\d.,:/$-])(1[89]\d\d|20\d\d)(?![\d%]|[.,:/-]\d| (?!and\b|or\b|to\b|is\b|was\b)[a-z]*s\b| (?:people"
    r"|percent|dollar|million|thousand|square)\b)"
)
_HALF = re.compile(
    r"(?<![\d.,])(?P<whole>\d{1,3})\.5(?= (?!million|billion|thousand|percent|and|or|to|is|in|on|at|of|for)[a-z])"
)
_BETWEEN = [
    (re.compile(r"(?<=\d) ?[×x] ?(?=\d)"), " by "),
    (re.compile(r"(?<=\d) ?\+ ?(?=\d)"), " plus "),
    (re.compile(r"(?<=\d)\+"), " plus"),
    (re.compile(r"(?<=\d) ?= ?(?=\d)"), " equals "),
    (re.compile(r"(?<=\d) ?÷ ?(?=\d)"), " divided by "),
    (re.compile(r"~ ?(?=\d)"), "about "),
    (re.compile(r"#(?=\d)"), "number "),
    (re.compile(r"(?<=\d):(?=\d)"), " to "),
]
_SIGNS = {
    "₪": " shekels ", "$": " dollars ", "€": " euros ", "£": " pounds ", "%": " percent ", "°": " degrees ",
    "×": " by ", "÷": " divided by ", "&": " and ",
}  # fmt: skip
_SIGN = re.compile(r"[₪$€£%°×÷&]")
_PLUS = re.compile(r"(?<=\S) \+ (?=\S)")
_HASH = re.compile(rf" ?(?:(?<=\S )|(?<={CLOSE}))#(?!\w)")
_PARTS = {2: "half", 4: "quarter"}
_NUMBER = re.compile(SIGNED)
# Where the day stands first. Every other English reads 3/4 as March the fourth.
_DAY_FIRST = ("en-gb", "en-au", "en-nz", "en-ie", "en-in", "en-za", "en-il")


def spoken_english(text: str, language: str) -> str:
    """`text` is clean (see `clean`) and has its links resolved. `language`: for the order of day and month."""
    text = addresses.english(text, plain_digits)
    text = phones.stars(text, plain_digits, "star")
    text = markup.without_marks(text)
    text = abbreviations.english(text)
    if _VULGARS.search(text):
        text = _VULGARS.sub(lambda m: _VULGAR[m[1]] if m[1] else _VULGAR_ALONE[m[0]], text)
    if _DIGIT.search(text):
        text = _figures(text, month_first=not language.lower().replace("_", "-").startswith(_DAY_FIRST))
    if _SIGN.search(text):
        text = _SIGN.sub(lambda m: _SIGNS[m[0]], text)
    text = _PLUS.sub(" plus ", text) if "+" in text else text
    text = _HASH.sub(" pound", text) if "#" in text else text
    return tidied(placed(text, "to"), "or")


def _figures(text: str, month_first: bool) -> str:
    text = _ALWAYS_OPEN.sub("twenty-four seven", text)
    text = phones.dictated(text, _spell, lambda run: cardinal(int(run)), "plus", pairs=False)
    text = dates.english(text, month_first)
    text = phones.chained(text, _spell, "point")
    text = hours.english(text)
    text = money_units.english(text)
    for pattern, words in _BETWEEN:
        text = pattern.sub(words, text)
    text = _FRACTION.sub(_fraction, text)
    text = _ORDINAL.sub(lambda m: said(ordinal(int(m[1]))), text)
    text = _DECADE.sub(lambda m: said(_decade(int(m[1]))), text)
    text = _YEAR.sub(lambda m: said(year(int(m[1]))), text)
    text = _HALF.sub(lambda m: said(f"{cardinal(int(m['whole']))} and a half" if int(m["whole"]) else "half a"), text)
    return _NUMBER.sub(_number, text)


def _spell(run: str) -> str:
    return plain_digits(run) if len(run) <= 4 else digits(run)


def _number(match: re.Match[str]) -> str:
    number = figure(match[0])
    if number.is_integer and (number.is_long or (len(number.whole) > 1 and number.whole[0] == "0")):
        return said(("minus " if number.negative else "") + digits(number.whole))
    return said(decimal(number))


def _decade(n: int) -> str:
    words = year(n)
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _fraction(match: re.Match[str]) -> str:
    up, down = int(match["up"]), int(match["down"])
    if up >= down:
        return match[0]
    hour = match["hour"] or ""
    part = _PARTS.get(down) or ordinal(down)
    if match["whole"]:
        one = "a" if up == 1 else cardinal(up)
        return said(f"{cardinal(int(match['whole']))} and {one} {part}{'' if up == 1 else 's'}") + hour
    if up == 1 and hour:
        return said("half an hour" if down == 2 else f"a {part} of an hour")
    return said(f"{cardinal(up)} {part}{'' if up == 1 else 's'}") + hour
