"""A number as it is written, and the marks that let a spoken number find its place between words and prefixes.

Every rule that turns figures into words wraps them in `said(...)`. The marks (private-use characters, which `clean`
never lets in from outside) carry two facts to the end of the pipeline, where `placed` uses them up: a Hebrew prefix
written before the figure ("ב-10") is glued to its words ("בעשר"), and two figures with a hyphen between are a range.
"""

from __future__ import annotations

import re
from typing import NamedTuple

OPEN, CLOSE = "\ue000", "\ue001"
NUMBER = r"(?<!\d)(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\d)"
# A minus sign is a hyphen that does not join: nothing written stands right before it.
SIGNED = r"(?:(?<![\w)%'\"₪$€£\ue001-])-)?" + NUMBER
LONGEST = 15  # digits that are still read as one number; beyond it (and for any identifier) digit by digit

_RANGE = re.compile(rf"{CLOSE} ?- ?(?={OPEN})")
_HYPHENS = re.compile(rf"(?<=\w)-(?={OPEN})|{CLOSE}-(?=\w)")


class Figure(NamedTuple):
    """`-1,250.50` is Figure(True, "1250", "50")."""

    negative: bool
    whole: str
    fraction: str

    @property
    def is_integer(self) -> bool:
        return not self.fraction

    @property
    def value(self) -> int:
        """The whole part. Only for figures within `LONGEST`."""
        return int(self.whole)

    @property
    def is_long(self) -> bool:
        return len(self.whole) > LONGEST or len(self.fraction) > LONGEST


def figure(text: str) -> Figure:
    """Read what `SIGNED` matched."""
    negative = text.startswith("-")
    whole, _, fraction = text.lstrip("-").replace(",", "").partition(".")
    return Figure(negative, whole, fraction)


def said(words: str) -> str:
    """Words that stand for a figure."""
    return f"{OPEN}{words}{CLOSE}"


def groups(digits: str) -> list[str]:
    """A run of digits as people dictate it: threes, and pairs at the end rather than a lonely digit."""
    if len(digits) <= 4:
        return [digits]
    found = []
    while len(digits) > 4:
        found.append(digits[:3])
        digits = digits[3:]
    return [*found, *([digits] if len(digits) < 4 else [digits[:2], digits[2:]])]


def placed(text: str, to: str, prefix: re.Pattern[str] | None = None) -> str:
    """Use up the marks: ranges joined by `to`, prefixes glued, spaces where a figure touched a word."""
    if OPEN not in text:
        return text
    text = _RANGE.sub(f" {to} ", text).replace(f"{CLOSE}/{OPEN}", f"{CLOSE} {OPEN}")  # fifty-fifty
    if prefix is not None:
        text = prefix.sub(r"\1", text)
    text = _HYPHENS.sub(" ", text).replace(f",{OPEN}", f", {OPEN}")
    text = re.sub(rf"(?<=\w){OPEN}|{CLOSE}(?=[\w{OPEN}])", " ", text)
    return text.replace(OPEN, "").replace(CLOSE, "")
