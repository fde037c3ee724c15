"""The order of the rules for Hebrew. Each rule takes the most specific figures and leaves the rest to the next one."""

from __future__ import annotations

import re

from agentd.core.spoken import abbreviations, addresses, dates, hours, markup, money_units, phones
from agentd.core.spoken.counts_he import spoken_counts
from agentd.core.spoken.figures import CLOSE, OPEN, placed
from agentd.core.spoken.numbers_he import cardinal, digits, plain_digits
from agentd.core.spoken.tidy import tidied

_DIGIT = re.compile(r"[0-9]")
_VULGAR = {"½": ".5", "¼": ".25", "¾": ".75"}
_VULGAR_ALONE = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}
_VULGARS = re.compile(r"(?:(?<=\d) ?([½¼¾]))|[½¼¾⅓⅔]")
_SPACED_PREFIX = re.compile(r"(?<![א-ת'\"])([הכלבמ]) (?=\d)")
_SIGN_FIRST = re.compile(r"(?<![\d-])([₪$€£])-(?=\d)")
_FLOOR_OF = re.compile(r"(?<![א-ת])([ושהכלבמ]{0,2}קומה) (\d{1,2})/(?=\d{1,2}(?![\d/]))")
_LOOSE_PREFIX = re.compile(r"(?<![א-ת])([ושהכלבמ]{1,3}) ?[-–] ?(?=[₪$€£]?\d)")
_PREFIX = re.compile(rf"(?<![א-ת'\"])([ושהכלבמ]{{1,3}})-?{OPEN}")
_ALWAYS_OPEN = re.compile(r"24/7(?![\d/])")
_HOUSE = re.compile(
    r"(?P<street>(?:רחוב|רח'|שדרות|שד'|סמטת|כתובת|דרך) (?:[א-ת'\"]+ ){1,3})(?P<house>\d{1,3})/"
    r"(?P<flat>\d{1,3})(?![\d/])"
)
_FIRST_FLOOR = re.compile(r"(?<![א-ת])([ושהכלבמ]{0,2}קומה) 1(?![\d.,:/%-]\d|[\d%])")
_MIXED = re.compile(r"(?<![\d.,/])(\d{1,3}) 1/([24])(?![\d/])")
_FROM_TO = re.compile(r"(?<![א-ת])(ו?בין (?:ה?שעות )?)(\d[\d:.,]*) ?- ?(?=\d)")
_BETWEEN = [
    (re.compile(r"(?<=\d) ?[×x] ?(?=\d)"), " על "),
    (re.compile(r"(?<=\d) ?\+ ?(?=\d)"), " פלוס "),
    (re.compile(r"(?<=\d)\+"), " פלוס"),
    (re.compile(r"(?<=\d) ?= ?(?=\d)"), " שווה "),
    (re.compile(r"(?<=\d) ?÷ ?(?=\d)"), " חלקי "),
    (re.compile(r"~ ?(?=\d)"), "בערך "),
    (re.compile(r"#(?=\d)"), "מספר "),
    (re.compile(r"(?<=\d):(?=\d)"), " "),
]
_SIGNS = {
    "₪": " שקלים ",
    "$": " דולר ",
    "€": " יורו ",
    "£": ' ליש"ט ',
    "%": " אחוז ",
    "°": " מעלות ",
    "×": " על ",
    "÷": " חלקי ",
}
_SIGN = re.compile(r"[₪$€£%°×÷]")
_PLUS = re.compile(r"(?<=\S) \+ (?=\S)")
_HASH = re.compile(rf" ?(?:(?<=\S )|(?<={CLOSE}))#(?!\w)")
_AND = re.compile(r" ?& ?(?=[א-ת])")
_GENDERED = {"את/ה": "אתה", "אתה/את": "אתה", "ו/או": "או", "הוא/היא": "הוא", "היא/הוא": "הוא"}
_GENDER = re.compile(
    r"(?<![א-ת])(" + "|".join(_GENDERED) + r")(?![א-ת])|(?<=[א-ת]{2})/(?:ה|ת|י|ית|ים|ות|ן|ם|נית|תה)(?![א-ת'\"])"
)


def spoken_hebrew(text: str) -> str:
    """`text` is clean (see `clean`) and has its links resolved."""
    text = addresses.hebrew(text, plain_digits)
    text = phones.stars(text, plain_digits, "כוכבית")
    text = markup.without_marks(text)
    if "/" in text:
        text = _GENDER.sub(lambda m: _GENDERED.get(m[0], ""), text)
    if _VULGARS.search(text):
        text = _VULGARS.sub(lambda m: _VULGAR[m[1]] if m[1] else _VULGAR_ALONE[m[0]], text)
    text = abbreviations.weekdays(text)
    if _DIGIT.search(text):
        text = _figures(text)
    text = abbreviations.hebrew(text)
    if _SIGN.search(text):
        text = _SIGN.sub(lambda m: _SIGNS[m[0]], text)
    text = _PLUS.sub(" פלוס ", text) if "+" in text else text
    text = _HASH.sub(" סולמית", text) if "#" in text else text
    text = _AND.sub(" ו", text) if "&" in text else text
    return tidied(placed(text, "עד", _PREFIX), "או")


def _figures(text: str) -> str:
    text = _LOOSE_PREFIX.sub(r"\1-", text)
    text = _SPACED_PREFIX.sub(r"\1-", _SIGN_FIRST.sub(r"-\1", text))
    text = _FLOOR_OF.sub(r"\1 \2 מתוך ", text)
    text = _ALWAYS_OPEN.sub("עשרים וארבע שבע", text)
    text = phones.dictated(text, _spell, lambda run: cardinal(int(run)), "פלוס", pairs=True)
    text = _MIXED.sub(lambda m: f"{m[1]}.{'5' if m[2] == '2' else '25'}", text)
    text = _FROM_TO.sub(r"\1\2 ל-", text)
    text = _HOUSE.sub(r"\g<street>\g<house> דירה \g<flat>", text)
    text = _FIRST_FLOOR.sub(r"\1 ראשונה", text)
    text = dates.hebrew(text)
    text = phones.chained(text, _spell, "נקודה")
    text = hours.hebrew(text)
    text = money_units.hebrew(text)
    for pattern, words in _BETWEEN:
        text = pattern.sub(words, text)
    return spoken_counts(text)


def _spell(run: str) -> str:
    return plain_digits(run) if len(run) <= 4 else digits(run)
