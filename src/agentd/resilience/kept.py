"""Audio of the caller that may be needed again, half as large: mu-law, which is how it came over the line.

Most of a call is silence, or words that are final: none of that is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from agentd.audio.mulaw import decode, encode
from agentd.engines import Heard
from agentd.resilience.budgets import STT_LEAD_IN_MS, STT_REPLAY_S

MS_BYTES = 8  # of mu-law in a millisecond


@dataclass(frozen=True, slots=True)
class Kept:
    """One `Heard`, kept; `heard` gives it back, as exactly as mu-law can."""

    mulaw: bytes
    until_ms: int
    voiced: bool
    pause: bool

    @classmethod
    def of(cls, heard: Heard) -> Kept:
        return cls(encode(heard.pcm), heard.until_ms, heard.voiced, heard.pause)

    @property
    def heard(self) -> Heard:
        return Heard(decode(self.mulaw), self.until_ms, self.voiced, self.pause)

    @property
    def length_ms(self) -> int:
        return len(self.mulaw) // MS_BYTES

    @property
    def from_ms(self) -> int:
        return self.until_ms - self.length_ms


class Replay:
    """What the next session would have to hear: voice without final words, from 300 ms before it on, and at most the
    last 3 s. Pure; its clock is the audio.

    `until_ms`: how much audio there has been. `cut_ms`: voice up to here was without final words, and is gone.
    """

    def __init__(self) -> None:
        self._pieces: deque[Kept] = deque()
        self._voiced = 0  # of the pieces
        self.until_ms = self.cut_ms = 0

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._pieces)

    def hear(self, piece: Kept) -> None:
        self._pieces.append(piece)
        self.until_ms = piece.until_ms
        self._voiced += piece.voiced
        while piece.until_ms - self._pieces[0].until_ms >= (STT_REPLAY_S * 1000 if self._voiced else STT_LEAD_IN_MS):
            oldest = self._drop()
            if oldest.voiced:
                self.cut_ms = oldest.until_ms

    def final(self, until_ms: int) -> None:
        """Audio up to here has its final words, and is never heard again."""
        while self._pieces and self._pieces[0].until_ms <= until_ms:
            self._drop()

    def _drop(self) -> Kept:
        oldest = self._pieces.popleft()
        self._voiced -= oldest.voiced
        return oldest
