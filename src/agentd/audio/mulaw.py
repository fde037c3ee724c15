"""G.711 mu-law, the code of the telephone line, to and from linear PCM. Two tables and nothing else.

Encoding picks the *nearest* of the 255 values that the code can say (the common shift-and-mask encoders truncate and
lose half a step near silence, where a step is 8 and the voice threshold is 35).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SILENCE = 0xFF
"""The code of a zero sample (0x7F is a zero too: the negative one)."""


def _linear() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    magnitude = (((code & 0x0F).astype(np.int32) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _codes() -> NDArray[np.uint8]:
    """The code of every 16-bit sample, indexed by the sample's bits taken as unsigned."""
    order = np.delete(np.argsort(LINEAR, kind="stable"), 127)  # one of the two zeros would never be nearest
    levels = LINEAR[order].astype(np.int32)
    middles = (levels[1:] + levels[:-1] + 1) // 2
    samples = np.arange(65536, dtype=np.uint16).view(np.int16)
    return order[np.searchsorted(middles, samples, side="right")].astype(np.uint8)


LINEAR = _linear()
"""The int16 sample that each of the 256 codes stands for."""

_CODES = _codes()


def decode(mulaw: bytes) -> bytes:
    """Mu-law to linear PCM, 16-bit little-endian: two bytes for each."""
    return LINEAR.take(np.frombuffer(mulaw, np.uint8)).astype("<i2", copy=False).tobytes()


def encode(pcm: bytes) -> bytes:
    """Linear PCM, 16-bit little-endian, to mu-law: one byte for two. Odd length: the last byte is no sample and is
    dropped. `encode(decode(x))` is x, but for the negative zero."""
    return _CODES.take(np.frombuffer(pcm, "<u2", count=len(pcm) // 2)).tobytes()
