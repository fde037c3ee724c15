"""One of several: said about right, or by its place in the list."""

from __future__ import annotations

from rapidfuzz import fuzz

from agentd_local.rules.slots.base import Ask, Found
from agentd_local.rules.words import plain, words

SURE, LIKELY = 88, 72  # of 100; between them the agent asks back. Recognisers bend words by a letter or two


def read(text: str, ask: Ask) -> Found | None:
    spoken = [word.text for word in words(text)]
    scored = sorted(((_score(spoken, plain(choice)), choice) for choice in ask.slot.choices), reverse=True)
    if not scored or not spoken:
        return None
    (best, choice), second = scored[0], scored[1][0] if len(scored) > 1 else 0
    if best >= SURE and second < best:
        return Found(choice)
    if not ask.asked:
        return None
    for word in spoken:
        place = ask.speech.ordinals.get(word)
        if place is not None and place <= len(ask.slot.choices):
            return Found(ask.slot.choices[place - 1 if place > 0 else place])
    return Found(choice, sure=False) if best >= LIKELY and second < best else None


def _score(spoken: list[str], choice: str) -> float:
    """How well the choice matches the best stretch of as many words, or one more."""
    size = len(choice.split())
    stretches = [
        " ".join(spoken[at : at + width]) for width in (size, size + 1) for at in range(max(1, len(spoken) - width + 1))
    ]
    return max(fuzz.ratio(stretch, choice) for stretch in stretches)
