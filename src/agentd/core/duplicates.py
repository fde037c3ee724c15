"""The same utterance twice (SPEC 2.9): a recogniser's echo of itself counts once; two "yes" to two questions are two."""

from __future__ import annotations

from agentd.config import Settings
from agentd.core.hearing import normal

WORDS = 3  # shorter texts repeat honestly


class Duplicates:
    def __init__(self, settings: Settings) -> None:
        self._window_s = settings.dedup_window_sec
        self._last: tuple[tuple[str, ...], float] = ((), 0.0)
        self._answered = True

    def agent_spoke(self) -> None:
        """We said something: from here on the same words are meant."""
        self._answered = True

    def repeats(self, text: str, now_s: float) -> bool:
        """Whether this turn's text is the one before it over again. Remembers it."""
        words = normal(text)
        before, at_s = self._last
        repeat = not self._answered and words == before and len(words) >= WORDS and now_s - at_s < self._window_s
        self._last, self._answered = (words, now_s), False
        return repeat
