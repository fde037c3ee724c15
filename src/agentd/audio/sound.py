"""Sound between the stages of the ears: single-precision samples in int16 units, rounded once, at the end of the row.

Single precision carries 24 bits: what several stages lose of it is a small part of the last of 16.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentd.audio.mulaw import LINEAR

Sound = NDArray[np.float32]

_VALUE = LINEAR.astype(np.float32)
_LOWEST, _HIGHEST = np.float32(-32768), np.float32(32767)  # of the array's own type: a plain number is converted first


def from_mulaw(mulaw: bytes) -> Sound:
    return _VALUE.take(np.frombuffer(mulaw, np.uint8))


def pcm16(sound: Sound) -> bytes:
    """PCM16 little-endian: the nearest whole numbers, clipped at full scale."""
    whole = np.rint(sound)
    return whole.clip(_LOWEST, _HIGHEST, out=whole).astype("<i2").tobytes()
