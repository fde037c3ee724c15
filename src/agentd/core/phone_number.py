"""Telephone numbers as they are compared: E.164, and the digits that somebody has said.

For the gate, which asks only "is this the same number": numbers without a country are Israeli. Reading a number out of
a caller's words for the record is the work of the slots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agentd.core.governor_figures import figures

COUNTRY = "972"
_LEAST, _MOST = 8, 15  # digits of a number with its country; E.164 allows 15

_NOISE = re.compile(r"[\s().\-\u2010-\u2015\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_OH = re.compile(r"\bo+h?\b", re.IGNORECASE)  # "oh five two"


def e164(written: str) -> str:
    """ "050-123 4567", "972501234567", "whatsapp:+972501234567" -> "+972501234567"; "" for what is no number."""
    plain = _NOISE.sub("", written.removeprefix("whatsapp:").removeprefix("tel:"))
    digits = plain.removeprefix("+")
    if not digits.isascii() or not digits.isdecimal():
        return ""
    if not plain.startswith("+"):
        if digits.startswith("00"):
            digits = digits[2:]
        elif digits.startswith("0") and len(digits) in (9, 10):
            digits = COUNTRY + digits[1:]
        elif not (digits.startswith(COUNTRY) and len(digits) in (11, 12)):
            return ""
    if digits.startswith(COUNTRY + "0"):
        digits = COUNTRY + digits[len(COUNTRY) + 1 :]  # +972 (0)50
    return f"+{digits}" if _LEAST <= len(digits) <= _MOST and digits[0] != "0" else ""


def digits_said(texts: Iterable[str]) -> str:
    """All digits of what somebody said or keyed, one after the other: a number may be dictated in several breaths."""
    return "".join(re.sub(r"\D", "", _OH.sub("0", figures(text))) for text in texts)


def was_said(number: str, digits: str) -> bool:
    """Whether `number` (E.164) is among `digits`, with or without its country."""
    national = number.removeprefix("+").removeprefix(COUNTRY)
    return len(national) >= _LEAST and national in digits
