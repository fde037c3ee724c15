"""Word errors between what was said and what was recognised, blind to spelling that nobody can hear.

"Ten thirty p.m." and "10:30 PM" are the same speech, so both sides are brought to one form first: lower case, no
punctuation, contractions written out, and every number as its single digits ("twenty three" and "23" both give
"2 3"). A digit therefore counts as one word, which is also how a wrong phone number hurts.
"""

from __future__ import annotations

import re
import unicodedata

# fmt: off
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUE = {word: n for n, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_ORDINAL = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}
_ORDINAL |= {f"{word}th": n for word, n in _VALUE.items() if n and not word.endswith("y")}
_ORDINAL |= {f"{word[:-1]}ieth": _VALUE[word] for word in _TENS}
_SCALE = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_SAME = {
    "ok": "okay", "mr": "mister", "mrs": "missus", "dr": "doctor", "alright": "all right", "cannot": "can not",
    "can't": "can not", "won't": "will not", "let's": "let us", "gonna": "going to", "wanna": "want to",
    "o'clock": "oclock", "o": "oh", "voicemail": "voice mail", "a.m": "am", "p.m": "pm", "grey": "gray",
}  # fmt: skip
_ENDINGS = {"n't": "not", "'re": "are", "'ve": "have", "'ll": "will", "'m": "am", "'d": "would"}
_IS = frozenset(["it", "he", "she", "that", "what", "where", "who", "there", "here", "how", "when"])
_SIGNS = {"%": " percent ", "&": " and ", "@": " at ", "+": " plus ", "#": " pound "}


def normalise(text: str) -> list[str]:
    """The words of `text` in the form that is compared. Works on any script; number words are English."""
    text = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    text = re.sub(r"[\u0591-\u05c7]", "", text)  # Hebrew points and accents
    text = re.sub(r"\$\s*(\d[\d,.]*)", r"\1 dollars", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text)
    text = re.sub(r"(?<=\d)(?=[a-z])", " ", text)
    text = re.sub(r"(?<=\d) (?:st|nd|rd|th)\b", "", text)
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    raw = re.findall(r"[^\W_]+(?:'[^\W_]+)*", text)
    return _digits([word for token in raw for word in _plain(token)])


def word_errors(reference: str, hypothesis: str) -> tuple[int, int]:
    """(errors, words of the reference): substitutions, insertions and deletions of the cheapest alignment.

    The rate over many utterances is the sum of the errors divided by the sum of the words. An empty reference has
    0 words, and every word heard is an error.
    """
    said, heard = normalise(reference), normalise(hypothesis)
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        previous, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (word != other)))
    return row[-1], len(said)


def _plain(token: str) -> list[str]:
    if token in _SAME:
        return _SAME[token].split()
    for ending, word in _ENDINGS.items():
        if token.endswith(ending):
            return [token.removesuffix(ending), word]
    if token.endswith("'s"):
        stem = token.removesuffix("'s")
        return [stem, "is"] if stem in _IS else [stem + "s"]
    return [token.replace("'", "")]


def _digits(words: list[str]) -> list[str]:
    """Runs of number words become numbers, and every number its digits."""
    out: list[str] = []
    at = 0
    while at < len(words):
        value, used = _number(words, at)
        if used:
            out += str(value)
            at += used
        elif words[at] == "oh" and ((out and out[-1].isdigit()) or (at + 1 < len(words) and _number(words, at + 1)[1])):
            out.append("0")
            at += 1
        else:
            out += words[at] if words[at].isdecimal() else [words[at]]
            at += 1
    return out


def _number(words: list[str], at: int) -> tuple[int, int]:
    """(value, words used) of the number spelled at `at`; nothing used when there is none.

    Grammar: [unit|tens [unit]] [hundred [and] ...] [thousand ...]; "five five" is two numbers, "twenty five" one.
    """
    total = part = used = 0
    last = ""  # what the part ended with: decides whether another small number may join it
    while at + used < len(words):
        word = words[at + used]
        if word in _ORDINAL:
            joins = last in ("", "hundred", "scale") or (last == "tens" and _ORDINAL[word] < 10)
            return (total + part + _ORDINAL[word], used + 1) if joins else (total + part, used)
        if word in _VALUE:
            small = _VALUE[word]
            if last == "unit" or (last == "tens" and not 0 < small < 10):
                break
            part, last = part + small, "tens" if small >= 20 else "unit"
        elif word in _SCALE and used and part:
            if word == "hundred":
                part, last = part * 100, "hundred"
            else:
                total, part, last = total + part * _SCALE[word], 0, "scale"
        elif (
            word == "and"
            and last in ("hundred", "scale")
            and at + used + 1 < len(words)
            and words[at + used + 1] in _VALUE
        ):
            pass
        else:
            break
        used += 1
    return total + part, used
