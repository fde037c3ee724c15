"""Automatic gain, for the recogniser alone: a soft caller and a loud one reach it alike (SPEC 2.2).

Slow on purpose. Gain that follows syllables flattens speech, and gain that rises in a pause lifts the noise to the
level of a voice; so it moves by a few decibels a second, and only while the caller speaks.
"""

from __future__ import annotations

from functools import lru_cache
from math import log10, sqrt

import numpy as np

from agentd.audio.sound import Sound, pcm16

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

    def process(self, sound: Sound, voiced: bool) -> bytes:
        """The next piece (8 kHz) with the gain applied, ramped from the gain of the piece before, as PCM16
        little-endian. Unless `voiced` the gain stays as it is."""
        before = self.gain_db
        if voiced and len(sound):
            self._follow(sound)
        after = self.gain_db
        if before != after:
            sound = sound * _ramp(_factor(before), _factor(after), len(sound))
        elif after:
            sound = sound * _factor(after)
        return pcm16(sound)

    def _follow(self, sound: Sound) -> None:
        level = sqrt(float(sound.dot(sound)) / len(sound))
        if level < 1.0:
            return
        wanted = self._target - 20 * log10(level / _FULL_SCALE)
        seconds = len(sound) / RATE_HZ
        step = min(max(wanted - self.gain_db, -FALL_DB_S * seconds), RISE_DB_S * seconds)
        self.gain_db = min(max(self.gain_db + step, MIN_GAIN_DB), MAX_GAIN_DB)


def _factor(db: float) -> float:
    return float(10 ** (db / 20))


def _ramp(first: float, last: float, samples: int) -> Sound:
    ramp = _rise(samples) * (last - first)
    ramp += first
    return ramp


@lru_cache(maxsize=16)
def _rise(samples: int) -> Sound:
    """From 0 to 1. Pieces have few different lengths: whole frames up to 100 ms."""
    return np.linspace(0, 1, samples, dtype=np.float32)
