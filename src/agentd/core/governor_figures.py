"""Numbers as figures: "two and a half million" is "2 and a half million", "בעשר וחצי" is "ב 10 וחצי".

What is compared (`governor_claims`) must not hang on how a recogniser or a model writes a number. English and Hebrew;
a Hebrew prefix that stands before a number becomes a word of its own. Scales (thousand, million) stay words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# fmt: off
_UNITS = {word: n for names in (
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
     "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
    ("אפס", "אחת", "שתיים", "שלוש", "ארבע", "חמש", "שש", "שבע", "שמונה", "תשע", "עשר"),
    ("אפס", "אחד", "שניים", "שלושה", "ארבעה", "חמישה", "שישה", "שבעה", "שמונה", "תשעה", "עשרה"),
    ("אפס", "אחת", "שתי", "שלושת", "ארבעת", "חמשת", "ששת", "שבעת", "שמונת", "תשעת", "עשרת"),
    ("אפס", "אחת", "שני"), ("אפס", "אחת", "שתים"),
) for n, word in enumerate(names)}
_TENS = {word: n * 10 for names in (
    ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
    ("עשרים", "שלושים", "ארבעים", "חמישים", "שישים", "שבעים", "שמונים", "תשעים"),
) for n, word in enumerate(names, 2)}
_ORDINALS = {word: n for n, word in enumerate((
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth"), 1)} | {"thirtieth": 30}
# fmt: on
_SPECIAL = {"מאתיים": "200", "אלפיים": "2 אלף", "מאה": "100"}
_HUNDREDS = ("hundred", "מאות")
_TEEN = ("עשרה", "עשר")
_PREFIXES = "ובלמהשכ"  # and, in/at, to, from, the, that, as: written as one word with what follows
_KNOWN = frozenset((*_UNITS, *_TENS, *_ORDINALS, *_SPECIAL))
_TOKEN = re.compile(r"\d+(?:[.:/]\d+)*|[^\W\d_]+(?:['’\"״׳][^\W\d_]+)*'?|\S")
_MARKS = (
    (re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]"), ""),
    (re.compile(r"[׳’]"), "'"),
    (re.compile(r"[״“”]"), '"'),
)
_FIGURE = re.compile(r"\d")
# What each needs is looked for first ("": a figure); most texts have none of it.
_TIDY = (
    (",", re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (".", re.compile(r"\b([ap])\.\s?m\b\.?"), r"\1m"),
    ("", re.compile(r"(?<=\d)(am|pm|m|k)\b"), r" \1"),
    ("clock", re.compile(r"\bo'? ?clock\b"), "oclock"),
    ("", re.compile(r"(?<=\d)(st|nd|rd|th)\b"), "th"),
    ("", re.compile(r"(?<=[א-ת])\s?[-־–](?=\d)"), " "),
    ("-", re.compile(r"(?<=[a-z])-(?=[a-z])"), " "),
    ("שנים", re.compile(r"(?<![א-ת])([ובלמהשכ]?)שנים(?= עשר(?![א-ת]))"), r"\1שתים"),  # twelve, as it is often written
)
_SPACE_BEFORE = re.compile(r" (?=[,.;:?!%])|(?<=\d) (?=th\b)")
_POINT = re.compile(r"(?<=\d) (?:point|נקודה) (?=\d)")


@lru_cache(maxsize=512)
def figures(text: str) -> str:
    """The text in small letters with every number in figures, one space between words."""
    text = text.casefold()
    if not text.isascii():
        for pattern, to in _MARKS:
            text = pattern.sub(to, text)
    figure = _FIGURE.search(text) is not None
    for needs, pattern, to in _TIDY:
        if needs in text if needs else figure:
            text = pattern.sub(to, text)
    return _POINT.sub(".", _SPACE_BEFORE.sub("", " ".join(_converted(_TOKEN.findall(text)))))


def _converted(words: list[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        word = words[at]
        if word not in _KNOWN and word[0] not in _PREFIXES and not word.isdecimal():
            yield word
            at += 1
            continue
        prefix, value, end = _number(words, at)
        if value:
            if prefix:
                yield prefix
            yield value
            at = end
        else:
            yield word
            at += 1


def _number(words: list[str], at: int) -> tuple[str, str, int]:
    """(Hebrew prefix, figures, where it ends), or figures "" when no number begins at `at`."""
    word, prefix = words[at], ""
    if at and words[at - 1].endswith("יום") and words[at - 1] != "היום":
        return "", "", at  # "יום שני" is Monday
    while word not in _UNITS and word not in _TENS and word not in _SPECIAL:
        if len(word) < 3 or word[0] not in _PREFIXES or len(prefix) == 2:
            if not word.isdecimal() and word not in _ORDINALS:
                return "", "", at
            break
        prefix, word = prefix + word[0], word[1:]
    if prefix and word.isdecimal():
        return "", "", at
    if word in _SPECIAL:
        return prefix, _SPECIAL[word], at + 1
    if word in _ORDINALS:
        return prefix, f"{_ORDINALS[word]}th", at + 1
    value, end = _small(words, at, word)
    if end < len(words) and words[end] in _HUNDREDS and 0 < value < 20:
        value, end = value * 100, end + 1
        rest = end + (end < len(words) and words[end] == "and")
        more = words[rest].removeprefix("ו") if rest < len(words) else ""
        if more in _UNITS or more in _TENS:
            small, last = _small(words, rest, more)
            value, end = value + small, last
    if value and value % 10 == 0 and value < 100 and end < len(words) and 0 < _ORDINALS.get(words[end], 0) < 10:
        return prefix, f"{value + _ORDINALS[words[end]]}th", end + 1
    return prefix, words[at] if word.isdecimal() and end == at + 1 and value == int(word) else str(value), end


def _small(words: list[str], at: int, word: str) -> tuple[int, int]:
    """(a number under 100 that begins with `word` at `at`; where it ends)."""
    after = words[at + 1] if at + 1 < len(words) else ""
    if word.isdecimal():
        return int(word), at + 1
    if word in _TENS:
        unit = _UNITS.get(after.removeprefix("ו") if word[0] > "z" else after, 0)
        joined = (word[0] <= "z" or after.startswith("ו")) and 0 < unit < 10
        if after == "-" and at + 2 < len(words) and 0 < _UNITS.get(words[at + 2], 0) < 10:
            return _TENS[word] + _UNITS[words[at + 2]], at + 3
        return (_TENS[word] + unit, at + 2) if joined else (_TENS[word], at + 1)
    if after in _TEEN and 0 < _UNITS[word] < 10 and word[0] > "z":
        return _UNITS[word] + 10, at + 2
    return _UNITS[word], at + 1
