"""Speech that a fake recogniser can truly recognise: each word is 300 ms of its own sample value.

What it hears depends on the audio alone, so a stream that begins in mid-word hears "...", and a word that is sent twice
is heard twice: a test of rotation needs no more.
"""

from __future__ import annotations

from array import array
from itertools import groupby

RATE_HZ = 8000
PER_MS = RATE_HZ // 1000  # samples
WORD_MS = 300
BETWEEN_MS = 60
SILENCE_MS = 400  # that makes a text final
TAIL_MS = 130  # how far beyond the last word a final says it reaches
STEP = 8  # between the sample values of two words: they are loud enough for an energy detector
LOUD = 4000
SHORTEST_MS = 20  # sounds shorter than this are noise
CUT = "..."


def sound(text: str) -> bytes:
    """The PCM of words "w0" to "w999" with short gaps between, none around."""
    gap = bytes(2 * BETWEEN_MS * PER_MS)
    return gap.join(array("h", [LOUD + STEP * int(word[1:])] * (WORD_MS * PER_MS)).tobytes() for word in text.split())


class Ear:
    """Hears one stream. `hear` gives results as (text, final, end in ms of the stream)."""

    def __init__(self) -> None:
        self._samples = 0
        self._value, self._run = 0, 0  # what is sounding, and for how many samples
        self._words: list[str] = []
        self._end_ms = 0  # of the last word

    @property
    def heard_ms(self) -> int:
        return self._samples // PER_MS

    def hear(self, pcm: bytes) -> list[tuple[str, bool, int]]:
        if not any(pcm):
            return self._sounds(0, len(pcm) // 2)
        runs = [(value, len(list(same))) for value, same in groupby(array("h", pcm))]
        return [result for value, samples in runs for result in self._sounds(value, samples)]

    def end(self) -> list[tuple[str, bool, int]]:
        """No more audio comes."""
        out = self._sounds(0, 0)
        return [*out, self._final(self._end_ms)] if self._words else out

    def _sounds(self, value: int, samples: int) -> list[tuple[str, bool, int]]:
        out: list[tuple[str, bool, int]] = []
        if value != self._value or not samples:
            if self._value and self._run >= SHORTEST_MS * PER_MS:
                self._word(self._value, self._run)
                out.append((" ".join(self._words), False, self._end_ms))
            self._value, self._run = value, 0
        self._run += samples
        self._samples += samples
        if not value and self._words and self.heard_ms - self._end_ms >= SILENCE_MS:
            out.append(self._final(self._end_ms + TAIL_MS))
        return out

    def _word(self, value: int, samples: int) -> None:
        word = f"w{(value - LOUD) // STEP}"
        self._words.append(word if samples == WORD_MS * PER_MS else word + CUT)
        self._end_ms = self.heard_ms

    def _final(self, end_ms: int) -> tuple[str, bool, int]:
        text = " ".join(self._words)
        self._words.clear()
        return text, True, end_ms
