"""A short soft tone: the very last thing a caller may hear instead of words (SPEC 4.3)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from agentd.audio.mulaw import encode

HZ = 440
LEVEL = 3000  # int16 peak: clearly audible, not loud
FADE_MS = 20  # no click


@lru_cache(maxsize=4)
def tone(ms: int, rate_hz: int = 8000) -> bytes:
    """Mu-law, `ms` long, faded at both ends."""
    n = ms * rate_hz // 1000
    fade = min(FADE_MS * rate_hz // 1000, n // 2)
    envelope = np.ones(n)
    if fade:
        ramp = np.linspace(0, 1, fade)
        envelope[:fade], envelope[n - fade :] = ramp, ramp[::-1]
    wave = LEVEL * envelope * np.sin(2 * np.pi * HZ * np.arange(n) / rate_hz)
    return encode(wave.astype("<i2").tobytes())
