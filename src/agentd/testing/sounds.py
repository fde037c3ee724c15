"""The sounds that people make in a play: a voice without words, a cough. 8 kHz mu-law, the same every run."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agentd.audio import mulaw

RATE_HZ = 8000


@lru_cache(maxsize=64)
def voice(for_s: float, *, seed: int = 0, rms: float = 2000.0, pitch_hz: float = 130.0) -> bytes:
    """A voiced sound of `for_s`: harmonics under a gliding pitch, in syllables of a quarter of a second that never fall
    silent, so that only its end is a pause. rms in int16 units (2000 is -24 dBFS, a normal telephone voice)."""
    t = np.arange(round(for_s * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.08 * np.sin(2 * np.pi * 0.9 * t))) / RATE_HZ
    wave = np.zeros_like(t)
    for harmonic in range(1, int(3400 / (pitch_hz * 1.1)) + 1):
        formant = 1 + 2 * np.exp(-(((harmonic * pitch_hz - 600) / 250) ** 2))
        wave += formant / harmonic * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    wave *= 0.58 + 0.42 * np.sin(2 * np.pi * 4 * t)  # dips by 14 dB, as syllables do: a steady sound is a fan
    wave += rng.normal(0, 0.02, len(t))
    return _encode(_level(wave, rms))


@lru_cache(maxsize=8)
def cough(for_s: float = 0.25, *, seed: int = 0, rms: float = 4000.0) -> bytes:
    """A burst of noise that dies away: loud, and nobody's words."""
    length = round(for_s * RATE_HZ)
    burst = np.random.default_rng(seed).normal(0, 1, length) * np.exp(-3 * np.arange(length) / length)
    return _encode(_level(burst, rms))


def _level(wave: NDArray[np.float64], rms: float) -> NDArray[np.float64]:
    if not len(wave):
        return wave
    scaled: NDArray[np.float64] = wave * (rms / float(np.sqrt(np.mean(wave**2))))
    return scaled


def _encode(wave: NDArray[np.float64]) -> bytes:
    return mulaw.encode(np.clip(wave, -32768, 32767).astype("<i2").tobytes())
