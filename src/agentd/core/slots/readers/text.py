"""Free text, such as what the call is about: whatever is left of an answer when the fillers are gone."""

from __future__ import annotations

from agentd.core.slots.readers.base import Ask, Found
from agentd.core.slots.words import words

LONGEST = 200  # characters that are kept


def read(text: str, ask: Ask) -> Found | None:
    if not ask.asked:
        return None
    filler = ask.speech.fillers.match(text)
    rest = text[filler.end() :] if filler else text
    empty = ask.speech.phone_glue | ask.speech.yes | ask.speech.no
    if all(word.text in empty or len(word.text) == 1 for word in words(rest)):
        return None
    return Found(rest.strip(" ,.!")[:LONGEST])
