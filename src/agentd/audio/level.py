"""The loudness of a frame, straight from its mu-law bytes: what voice detection compares with its threshold.

The figure is the RMS of the *decoded* samples, exact to 7 digits. What the code itself loses is small: near the voice
threshold (35), where samples are rounded to multiples of 8, the rounding adds 8 / sqrt(12) = 2.3 RMS in quadrature,
0.02 dB at 35. A line that never leaves the two zero codes reads 0.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from agentd.audio.sound import from_mulaw


def frame_level(mulaw: bytes) -> float:
    """RMS in int16 units (0..32124) of a piece of mu-law audio of any length; 0 for none.

    One look-up and one dot product, in single precision. On one core of a slow AMD EPYC VM 2.2 us for 160 bytes, 4.4
    when the caches have been used by others meanwhile: three calls into numpy, and hardly any sums.
    """
    if not mulaw:
        return 0.0
    sound = from_mulaw(mulaw)
    return sqrt(float(sound.dot(sound)) / len(mulaw))


def frame_powers(mulaw: bytes, length: int) -> list[float]:
    """The squares of the levels of many frames of `length` bytes at once; what is left over is no frame."""
    whole = len(mulaw) // length
    sound = from_mulaw(mulaw[: whole * length]).reshape(whole, length)
    powers: list[float] = (np.einsum("ij,ij->i", sound, sound) / length).tolist()
    return powers
