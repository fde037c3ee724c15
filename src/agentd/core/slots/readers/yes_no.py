"""Yes or no, as people say it."""

from __future__ import annotations

from agentd.core.slots.readers.base import Ask, Found
from agentd.core.slots.speech import Speech
from agentd.core.slots.words import words

FIRST = 4  # words within which the answer falls


def verdict(text: str, speech: Speech) -> bool | None:
    """True, False, or None when the text is neither. A "no" among the first words wins: "no, that's right" is rarer
    than "right, no"."""
    spoken = [word.text for word in words(text)][:FIRST]
    if any(word in speech.no for word in spoken):
        return False
    return True if any(word in speech.yes for word in spoken) else None


def read(text: str, ask: Ask) -> Found | None:
    answer = verdict(text, ask.speech) if ask.asked else None
    return None if answer is None else Found("yes" if answer else "no")
