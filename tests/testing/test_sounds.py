"""The sounds of plays: at the level, of the length and without the pauses that they promise."""

from __future__ import annotations

import numpy as np
import pytest

from agentd.audio import mulaw
from agentd.simulator.line_sounds import frames, key_tone, line_noise
from agentd.testing.sounds import cough, voice


def rms(sound: bytes) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(mulaw.decode(sound), "<i2").astype(float) ** 2)))


@pytest.mark.parametrize("for_s", [0.1, 0.35, 2.0])
def test_a_voice_has_its_level_and_never_pauses(for_s: float) -> None:
    sound = voice(for_s, rms=2000.0)
    assert len(sound) == round(for_s * 8000)
    assert rms(sound) == pytest.approx(2000, rel=0.05)
    assert all(rms(frame) > 2000 / 10 for frame in frames(sound))  # syllables, yet no pause


def test_a_quiet_line_is_not_constant_and_inaudible() -> None:
    quiet = line_noise()
    assert {0xFF, 0x7F} <= set(quiet)
    assert rms(quiet) < 5
    assert rms(line_noise(rms=100.0)) == pytest.approx(100, rel=0.05)


def test_a_cough_dies_away() -> None:
    first, *_, last = frames(cough())
    assert rms(first) > 4 * rms(last)


def test_a_key_is_its_two_tones() -> None:
    wave = np.frombuffer(mulaw.decode(key_tone("5", 0.5)), "<i2").astype(float)
    loudest = np.argsort(np.abs(np.fft.rfft(wave)))[-2:] / 0.5
    assert sorted(loudest) == [pytest.approx(770, abs=3), pytest.approx(1336, abs=3)]
    with pytest.raises(ValueError, match="no key"):
        key_tone("x")


def test_the_last_frame_is_filled_up() -> None:
    assert frames(b"\x00" * 170) == [b"\x00" * 160, b"\x00" * 10 + b"\xff" * 150]
