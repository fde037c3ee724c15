"""Words that survive a telephone line: each is 300 ms of a tone of its own, known by its pitch.

`words` recognises exact sample values, which mu-law, filters and levelling destroy; a whole call is heard with these.
"""

from __future__ import annotations

import numpy as np

from agentd_google.testing.words import BETWEEN_MS, CUT, LOUD, PER_MS, RATE_HZ, STEP, WORD_MS, Ear

FRAME = 20 * PER_MS  # samples
LOWEST_HZ, APART_HZ, MOST = 500, 120, 20  # "w0" to "w19", all well inside the line's band
LEVEL = 6000  # peak of what the caller says
LEAST_RMS = 300.0  # of a frame that is a word's: levelling may have changed it, silence is far below
FFT = 1024
WHOLE_MS = WORD_MS - 40  # a word lies across frames


def tones(text: str) -> bytes:
    """The PCM of words "w0" to "w19" with short gaps between, none around."""
    t = np.arange(WORD_MS * PER_MS) / RATE_HZ
    gap = bytes(2 * BETWEEN_MS * PER_MS)
    waves = (np.sin(2 * np.pi * (LOWEST_HZ + APART_HZ * int(word[1:])) * t) for word in text.split())
    return gap.join((wave * LEVEL).astype("<i2").tobytes() for wave in waves)


class ToneEar(Ear):
    """Hears one stream; as `Ear`."""

    def __init__(self) -> None:
        super().__init__()
        self._left = b""

    def hear(self, pcm: bytes) -> list[tuple[str, bool, int]]:
        data = self._left + pcm
        whole = len(data) // (2 * FRAME) * 2 * FRAME
        self._left = data[whole:]
        frames = (data[at : at + 2 * FRAME] for at in range(0, whole, 2 * FRAME))
        return [result for frame in frames for result in self._sounds(_value(frame), FRAME)]

    def _word(self, value: int, samples: int) -> None:
        super()._word(value, samples)
        if samples >= WHOLE_MS * PER_MS:
            self._words[-1] = self._words[-1].removesuffix(CUT)


def _value(frame: bytes) -> int:
    """A frame in the words' own values: that of the nearest tone, or silence."""
    wave = np.frombuffer(frame, "<i2").astype(np.float64)
    if np.sqrt(np.mean(wave**2)) < LEAST_RMS:
        return 0
    peak_hz = float(np.argmax(np.abs(np.fft.rfft(wave * np.hanning(FRAME), FFT)))) * RATE_HZ / FFT
    number = round((peak_hz - LOWEST_HZ) / APART_HZ)
    return LOUD + STEP * max(0, min(MOST - 1, number))
