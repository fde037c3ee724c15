"""The same utterance twice (SPEC 2.9): a recogniser that repeats itself counts once, a caller who does, twice."""

from __future__ import annotations

from agentd.config import Settings
from agentd.core.hearing import normal

WORDS = 3  # shorter texts repeat honestly


class Duplicates:
    def __init__(self, settings: Settings) -> None:
        self._window_s = settings.dedup_window_sec
        self._words: tuple[str, ...] = ()
        self.taken_s = 0.0  # when the last text came

    def repeats(self, text: str, now_s: float, agent_spoke_s: float) -> bool:
        """Whether this turn's text is the one before it over again; `agent_spoke_s`: when we last said something.
        Remembers it."""
        words, before = normal(text), self._words
        repeat = (
            words == before
            and len(words) >= WORDS
            and agent_spoke_s < self.taken_s
            and now_s - self.taken_s < self._window_s
        )
        self._words, self.taken_s = words, now_s
        return repeat

    def forget(self) -> None:
        """The last text was given back: it will come again, and is meant."""
        self._words = ()
