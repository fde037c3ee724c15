"""What the words say about whether their speaker has finished. Small rules, English and Hebrew.

| the words end in ...                                        | then the speaker  |
|-------------------------------------------------------------|-------------------|
| a comma, a dash, dots; a word that needs another ("the")    | will go on: OPEN  |
| digits that begin with a zero or were said one by one, or   | will go on: OPEN  |
| three and more, and no whole phone number                   |                   |
| one digit, or two said as one                               | may go on: DIGITS |
| a whole phone number (9, 10, 11 or 12 digits as dialled)    | has done: COMPLETE|
| yes, no, and their kin alone                                | has done: COMPLETE|
| anything else                                               | UNKNOWN           |

Silence remains the judge: OPEN makes it longer, COMPLETE shorter, and nothing here ends an utterance by itself.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache


class Ending(Enum):
    """What the last words promise."""

    OPEN = "open"
    DIGITS = "digits"
    UNKNOWN = "unknown"
    COMPLETE = "complete"


# fmt: off
_DIGITS = {word: str(n) for names in (
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("אפס", "אחת", "שתיים", "שלוש", "ארבע", "חמש", "שש", "שבע", "שמונה", "תשע"),
) for n, word in enumerate(names)} | {"oh": "0", "o": "0", "שתים": "2", "אחד": "1"}
_WHOLE = frozenset((
    "yes", "no", "yeah", "yep", "nope", "okay", "ok", "sure", "correct", "right", "exactly",
    "yes please", "no thanks", "no thank you", "that's right", "that is correct", "of course",
    "not really",
    "כן", "לא", "בסדר", "נכון", "בטח", "אוקיי", "אוקי", "בדיוק", "ברור", "מתאים",
    "לא תודה", "כן תודה", "כן בבקשה", "כן בטח", "בסדר גמור",
))
_NEEDS_MORE = frozenset((
    "a", "an", "the", "and", "or", "but", "so", "because", "if", "when", "while", "which", "who", "whose", "than", "of",
    "to", "for", "from", "with", "at", "by", "in", "into", "about", "between", "is", "are", "was", "were", "am", "be",
    "my", "your", "our", "his", "their", "its", "i", "we", "they", "he", "she", "i'm", "it's", "i'd", "i'll",
    "uh", "um", "er", "erm", "plus", "dash", "double", "triple",
    "את", "של", "עם", "או", "אבל", "כי", "אם", "על", "אל", "מן", "בין", "כמו", "אני", "אנחנו", "הוא", "היא", "הם", "זה",
    "שלי", "עד", "יותר", "אז", "וגם", "גם", "רק", "כאשר", "כש", "לפני", "אחרי", "ליד", "בשביל", "בגלל", "אה", "אהה",
    "אמ", "אממ", "ה", "ב", "ל", "מספר", "פלוס", "קידומת",
))
# fmt: on
_WORD = re.compile(r"\d+|[^\W\d_]+(?:['’״\"׳][^\W\d_]+)*")
_TRAILING_OFF = re.compile(r"(?:[,;:…\-–—]|\.\.)\s*$")
_FEWEST_DICTATED = 3  # one or two digits are an answer of their own: "two", "at 10"
_WHOLE_NUMBER = re.compile(
    r"0(?:5\d|7\d)\d{7}|0[23489]\d{7}|972\d{8,9}"  # Israel: mobile and voice over IP, landline, international
    r"|[2-9]\d{9}|1[2-9]\d{9}"  # North America, without and with its prefix
    r"|\*\d{4}|1[78]00\d{6}"
)


@lru_cache(maxsize=512)
def ending(text: str) -> Ending:
    """Judge the end of a partial transcript. Empty: UNKNOWN."""
    words = [w.casefold() for w in _WORD.findall(text)]
    if not words:
        return Ending.UNKNOWN
    said = _trailing_digits(words)
    digits = "".join(said)
    if _WHOLE_NUMBER.fullmatch(digits):
        return Ending.COMPLETE
    if len(digits) >= _FEWEST_DICTATED or len(said) > 1 or digits.startswith("0"):
        return Ending.OPEN
    if digits:
        return Ending.DIGITS
    if " ".join(words) in _WHOLE:
        return Ending.COMPLETE
    if _TRAILING_OFF.search(text) or words[-1] in _NEEDS_MORE:
        return Ending.OPEN
    return Ending.UNKNOWN


def _trailing_digits(words: list[str]) -> list[str]:
    """The digits that the text ends with, word by word, however they are written."""
    digits: list[str] = []
    for word in reversed(words):
        digit = word if word.isdecimal() else _DIGITS.get(word)
        if digit is None:
            break
        digits.append(digit)
    return digits[::-1]
