"""What a telephone line itself sounds like: its noise when nobody speaks, and its keys. All mu-law at 8 kHz."""

from __future__ import annotations

from functools import lru_cache
from random import Random

import numpy as np

from agentd.audio import mulaw

FRAME_BYTES = 160

_RATE_HZ = 8000
_KEY_LEVEL = 3000  # int16 peak of each of the two tones: a normal handset
_KEY_HZ = {
    digit: (row, column)
    for row, digits in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for digit, column in zip(digits, (1209, 1336, 1477, 1633), strict=True)
}


@lru_cache(maxsize=8)
def line_noise(seed: int = 0, rms: float = 0.0) -> bytes:
    """Ten seconds of a line on which nobody speaks. A quiet one (rms 0, in int16 units) is what Twilio sends for it:
    0xFF and 0x7F mixed, now and then the next step up; otherwise white noise."""
    length = 10 * _RATE_HZ
    if not rms:
        return bytes(Random(seed).choices(b"\xff\x7f\xfe\x7e", weights=(45, 45, 5, 5), k=length))
    wave = np.random.default_rng(seed).normal(0, rms, length)
    return mulaw.encode(np.clip(wave, -32768, 32767).astype("<i2").tobytes())


@lru_cache(maxsize=16)
def key_tone(digit: str, for_s: float = 0.1) -> bytes:
    """The two tones of a key (ITU-T Q.23): 0-9, *, # or A-D; ValueError for anything else."""
    if digit not in _KEY_HZ:
        raise ValueError(f"{digit!r} is no key of a telephone")
    t = np.arange(round(for_s * _RATE_HZ)) / _RATE_HZ
    row, column = _KEY_HZ[digit]
    wave = _KEY_LEVEL * (np.sin(2 * np.pi * row * t) + np.sin(2 * np.pi * column * t))
    return mulaw.encode(wave.astype("<i2").tobytes())


def frames(sound: bytes) -> list[bytes]:
    """Cut into frames of 160 bytes, the last one filled up with silence."""
    padded = sound + b"\xff" * (-len(sound) % FRAME_BYTES)
    return [padded[i : i + FRAME_BYTES] for i in range(0, len(padded), FRAME_BYTES)]
