"""One reader for each type of slot: text in, what was found of it out."""

from __future__ import annotations

from collections.abc import Callable

from agentd_local.rules.slots import area, choice, money, name, number, phone, text, timing, when, yes_no
from agentd_local.rules.slots.base import Ask, Found

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

__all__ = ["READERS", "Ask", "Found"]
