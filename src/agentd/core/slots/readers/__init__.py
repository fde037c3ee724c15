"""One reader for each type of slot: text in, what was found of it out."""

from __future__ import annotations

from collections.abc import Callable

from agentd.core.slots.readers import area, choice, money, name, number, phone, text, timing, when, yes_no
from agentd.core.slots.readers.base import Ask, Found

READERS: dict[str, Callable[[str, Ask], Found | None]] = {
    "phone": phone.read,
    "date": when.read,
    "money": money.read,
    "timing": timing.read,
    "name": name.read,
    "area": area.read,
    "choice": choice.read,
    "yes-no": yes_no.read,
    "number": number.read,
    "text": text.read,
}

ORDER = ("phone", "date", "money", "timing", "area", "choice", "name", "yes-no", "number", "text")
"""The surest reader first: what it takes, the others do not see."""

__all__ = ["ORDER", "READERS", "Ask", "Found"]
