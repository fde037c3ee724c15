from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.audio.level import frame_level, frame_powers
from agentd.audio.mulaw import decode, encode


def rms(pcm: bytes) -> float:
    wave = np.frombuffer(pcm, "<i2").astype(np.float64)
    return float(np.sqrt(np.mean(wave**2)))


@given(st.binary(min_size=1, max_size=800))
def test_it_is_the_rms_of_the_decoded_samples(mulaw: bytes) -> None:
    assert frame_level(mulaw) == pytest.approx(rms(decode(mulaw)), rel=1e-5)


def test_silence_and_nothing_are_zero() -> None:
    assert frame_level(b"\xff\x7f" * 80) == 0
    assert frame_level(b"") == 0


@pytest.mark.parametrize("level", [20, 35, 60, 300, 2000])
def test_coding_changes_the_level_of_noise_by_less_than_a_fifth_of_a_decibel(level: float) -> None:
    wave = np.random.default_rng(7).normal(0, level, 8000)
    pcm = np.rint(wave).astype("<i2").tobytes()
    assert abs(20 * np.log10(frame_level(encode(pcm)) / rms(pcm))) < 0.2


def test_many_frames_at_once_are_what_each_is() -> None:
    audio = bytes(np.random.default_rng(1).integers(0, 256, 160 * 7 + 31, dtype=np.uint8))
    powers = frame_powers(audio, 160)
    each = [frame_level(audio[i : i + 160]) ** 2 for i in range(0, 160 * 7, 160)]
    assert powers == pytest.approx(each, rel=1e-6)
    assert frame_powers(b"", 160) == frame_powers(audio[:159], 160) == []
