"""Automatic gain, for the recogniser alone: a soft caller and a loud one reach it alike (SPEC 2.2).

Slow on purpose. Gain that follows syllables flattens speech, and gain that rises in a pause lifts the noise to the
level of a voice; so it moves by a few decibels a second, and only while the caller speaks.
"""

from __future__ import annotations

from math import log10

import numpy as np

RATE_HZ = 8000
MAX_GAIN_DB = 20.0
MIN_GAIN_DB = -12.0  # a caller at full scale comes down to the target's neighbourhood; more would be a fault elsewhere
RISE_DB_S = 12.0  # a whisper is at its level after a second or two of speech
FALL_DB_S = 40.0  # a shout within half a second
_FULL_SCALE = 32768.0


class Agc:
    """One call's gain. Made for 100 ms pieces."""

    def __init__(self, target_dbfs: float = -20.0) -> None:
        self._target = target_dbfs
        self.gain_db = 0.0

    def process(self, pcm: bytes, voiced: bool) -> bytes:
        """The next piece (PCM16 little-endian, 8 kHz) with the gain applied, ramped from the gain of the piece before.
        Unless `voiced` the gain stays as it is."""
        sound = np.frombuffer(pcm, "<i2", count=len(pcm) // 2).astype(np.float32)
        if not len(sound):
            return b""
        before = self.gain_db
        if voiced:
            self._follow(sound)
        if before == self.gain_db == 0.0:
            return pcm[: 2 * len(sound)]
        ramp = np.linspace(_factor(before), _factor(self.gain_db), len(sound), dtype=np.float32)
        return bytes(np.rint(sound * ramp).clip(-32768, 32767).astype("<i2"))

    def _follow(self, sound: np.typing.NDArray[np.float32]) -> None:
        level = float(np.sqrt(sound.dot(sound) / len(sound)))
        if level < 1.0:
            return
        wanted = self._target - 20 * log10(level / _FULL_SCALE)
        seconds = len(sound) / RATE_HZ
        step = min(max(wanted - self.gain_db, -FALL_DB_S * seconds), RISE_DB_S * seconds)
        self.gain_db = min(max(self.gain_db + step, MIN_GAIN_DB), MAX_GAIN_DB)


def _factor(db: float) -> float:
    return float(10 ** (db / 20))
