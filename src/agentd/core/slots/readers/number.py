"""A number, in figures or in words."""

from __future__ import annotations

from agentd.core.slots.readers.base import Ask, Found, without
from agentd.core.slots.words import numbers, words


def read(text: str, ask: Ask) -> Found | None:
    if not ask.asked:
        return None
    spoken = words(text)
    found = numbers(spoken, ask.speech.numerals, dictated=False)
    if not found:
        return None
    last = found[-1]  # "not three, four" and "two, no, three": the last one counts
    return Found(str(last.value), without(text, spoken[last.first].start, spoken[last.last - 1].end))
