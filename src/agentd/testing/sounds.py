"""The sounds of a play: line noise, a voice without words, a cough, key tones. All 8 kHz mu-law, the same every run."""

from __future__ import annotations

from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from agentd.audio import mulaw

RATE_HZ = 8000
FRAME_BYTES = 160

_DTMF_HZ = {
    digit: (row, column)
    for row, digits in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for digit, column in zip(digits, (1209, 1336, 1477, 1633), strict=True)
}


@lru_cache(maxsize=8)
def line_noise(seed: int = 0, rms: float = 0.0) -> bytes:
    """Ten seconds of a line on which nobody speaks. A quiet one (rms 0, in int16 units) is what Twilio sends for it:
    0xFF and 0x7F mixed, now and then the next step up; otherwise white noise."""
    length = 10 * RATE_HZ
    if not rms:
        return bytes(Random(seed).choices(b"\xff\x7f\xfe\x7e", weights=(45, 45, 5, 5), k=length))
    return _encode(np.random.default_rng(seed).normal(0, rms, length))


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


@lru_cache(maxsize=16)
def key_tone(digit: str, for_s: float = 0.1) -> bytes:
    """The two tones of a telephone key, 0-9, * and #."""
    t = np.arange(round(for_s * RATE_HZ)) / RATE_HZ
    row, column = _DTMF_HZ[digit]
    return _encode(3000 * (np.sin(2 * np.pi * row * t) + np.sin(2 * np.pi * column * t)))


def frames(sound: bytes) -> list[bytes]:
    """Cut into frames of 160 bytes, the last one filled up with silence."""
    padded = sound + b"\xff" * (-len(sound) % FRAME_BYTES)
    return [padded[i : i + FRAME_BYTES] for i in range(0, len(padded), FRAME_BYTES)]


def _level(wave: NDArray[np.float64], rms: float) -> NDArray[np.float64]:
    if not len(wave):
        return wave
    scaled: NDArray[np.float64] = wave * (rms / float(np.sqrt(np.mean(wave**2))))
    return scaled


def _encode(wave: NDArray[np.float64]) -> bytes:
    return mulaw.encode(np.clip(wave, -32768, 32767).astype("<i2").tobytes())
