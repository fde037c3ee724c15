"""Redaction at write: card numbers, Israeli identity numbers, e-mail addresses and telephone numbers leave a text.

| what | how it is known | becomes |
|---|---|---|
| card | groups of 13 to 19 digits together that satisfy Luhn, in a longer run too | `[card]` |
| identity number | 9 digits that satisfy the Israeli checksum | `[id]` |
| telephone number | 9 to 15 digits in one piece, or with spaces, dashes, brackets after a 0 or a + | `***567` |
| any longer number | 16 digits or more: a card that was heard wrong | `[number]` |
| e-mail | x@y.z | `[email]` |

Sums, dates and times stay: they are what the conversation was about. Digits that were transcribed as words stay too.

| what is written | by | what leaves it |
|---|---|---|
| what was said, notes on calls, summaries | `redact` | all of these |
| messages, a customer's notes, names, titles | `redact_secrets` | cards and identity numbers |
| arguments and results of tools, slots: JSON | `redact_json` | the same, from the strings and numbers in it |

A business must be able to call back and to read what it was written: the numbers and addresses that it was given as
data stay. What has the shape of a telephone number is one, whatever its checksum.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LONG: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,}(?!\d)")
_NINE: Final = re.compile(r"(?<![\d+])\d(?:[ -]?\d){8}(?![ -]?\d)")
_PHONE: Final = re.compile(r"(?<![\w+])(?:\+\d|0|\(0)(?:[ -]?[()]?[ -]?\d){7,14}(?!\d)|(?<!\d)\d{9,15}(?!\d)")
_GIVEN_PHONE: Final = re.compile(
    r"(?<![\d+])(?:\+\d(?:[ -]?\d){7,14}|0[23489](?:[ -]?\d){7}|0[57](?:[ -]?\d){8})(?!\d)"
)  # E.164; an Israeli land line; a mobile
_WRITTEN_CARD: Final = re.compile(r"(?<![\d+])[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?(?!\d)")
"""As cards are written, in fours; 4-4-4-1 ends like a land line."""
_DIGIT: Final = re.compile(r"\d")
_GROUP: Final = re.compile(r"\d+")

MIN_CARD, MAX_CARD = 13, 19  # ISO/IEC 7812
MAX_PHONE = 15  # E.164
MIN_NUMBER: Final = 14  # digits of a JSON number that may be a card; thirteen are milliseconds since 1970


def luhn(digits: str) -> bool:
    """ISO/IEC 7812: double every second digit from the right; the sum of all digits divides by ten."""
    total = sum(int(d) for d in digits[-1::-2]) + sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return total % 10 == 0


def identity_number(digits: str) -> bool:
    """An Israeli identity number of nine digits: the same sum, which doubles every second digit from the left."""
    return len(digits) == 9 and digits.strip("0") != "" and luhn(digits)


def redact(text: str) -> str:
    """The text as it may be kept: also without what no database holds (NUL, halves of characters)."""
    text = clean(text)
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    if _DIGIT.search(text) is None:
        return text
    return _PHONE.sub(_phone, _without_cards(text))


def redact_secrets(text: str) -> str:
    """The text without cards and identity numbers."""
    text = clean(text)
    if _DIGIT.search(text) is None:
        return text
    text = _WRITTEN_CARD.sub(lambda found: "[card]" if luhn(re.sub(r"\D", "", found[0])) else found[0], text)
    kept, at = [], 0
    for phone in _GIVEN_PHONE.finditer(text):
        kept += [_without_cards(text[at : phone.start()]), phone[0]]
        at = phone.end()
    return "".join([*kept, _without_cards(text[at:])])


def redact_json(text: str) -> str:
    """JSON without cards and identity numbers. What is no JSON is a text."""
    text = clean(text)
    if _DIGIT.search(text) is None:
        return text
    try:
        data = msgspec.json.decode(text)
        kept = _without_secrets(data)
    except (msgspec.DecodeError, RecursionError):
        return redact_secrets(text)
    return text if kept == data else msgspec.json.encode(kept).decode()


def clean(text: str) -> str:
    """Without what no database holds: NUL, halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _without_cards(text: str) -> str:
    """And without identity numbers."""
    return _NINE.sub(_identity, _LONG.sub(_card, text))


def _without_secrets(data: Any) -> Any:
    match data:
        case str():
            return redact_secrets(data)
        case int() if len(str(data)) >= MIN_NUMBER:
            redacted = redact_secrets(str(data))
            return data if redacted == str(data) else redacted
        case list():
            return [_without_secrets(each) for each in data]
        case dict():
            return {key: _without_secrets(each) for key, each in data.items()}
    return data


def _digits(text: str) -> str:
    return "".join(_DIGIT.findall(text))


def _card(found: re.Match[str]) -> str:
    """The card goes, as whole groups of digits; a date or a code that was said beside it stays."""
    run = found[0]
    groups = list(_GROUP.finditer(run))
    for i, first in enumerate(groups):
        for last in reversed(groups[i:]):
            digits = _digits(run[first.start() : last.end()])
            if MIN_CARD <= len(digits) <= MAX_CARD and luhn(digits):
                return f"{run[: first.start()]}[card]{run[last.end() :]}"
    return run if len(_digits(run)) <= MAX_PHONE else "[number]"


def _identity(found: re.Match[str]) -> str:
    return "[id]" if identity_number(_digits(found[0])) else found[0]


def _phone(found: re.Match[str]) -> str:
    return "***" + _digits(found[0])[-3:]
