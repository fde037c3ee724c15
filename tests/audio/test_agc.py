from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.audio.agc import MAX_GAIN_DB, Agc
from agentd.audio.sound import Sound, pcm16

PIECE = np.random.default_rng(5).normal(0, 1, 800)


def piece(dbfs: float) -> Sound:
    return (PIECE * 32768 * 10 ** (dbfs / 20)).clip(-32768, 32767).astype(np.float32)


def dbfs(pcm: bytes) -> float:
    wave = np.frombuffer(pcm, "<i2").astype(float)
    return float(20 * np.log10(np.sqrt(np.mean(wave**2)) / 32768))


@pytest.mark.parametrize("level", [-38, -30, -20, -15])
def test_soft_and_loud_callers_end_up_alike(level: float) -> None:
    agc = Agc(-20)
    for _ in range(40):
        out = agc.process(piece(level), voiced=True)
    assert dbfs(out) == pytest.approx(-20, abs=0.5)


def test_gain_is_bounded() -> None:
    agc = Agc(-20)
    for _ in range(100):
        out = agc.process(piece(-60), voiced=True)
    assert agc.gain_db == MAX_GAIN_DB
    assert dbfs(out) == pytest.approx(-40, abs=0.5)


def test_silence_freezes_the_gain() -> None:
    agc = Agc(-20)
    for _ in range(10):
        agc.process(piece(-30), voiced=True)
    gain = agc.gain_db
    for level in (-60, -30, -5):
        agc.process(piece(level), voiced=False)
    assert agc.gain_db == gain > 5


def test_it_is_slow_and_has_no_steps() -> None:
    agc = Agc(-20)
    first = np.frombuffer(agc.process(piece(-40), voiced=True), "<i2")
    assert 0 < agc.gain_db < 2
    assert np.allclose(first[:20], piece(-40)[:20], rtol=0.01, atol=1)


@given(st.lists(st.tuples(st.floats(-70, 0), st.booleans()), max_size=20))
def test_any_sound_keeps_its_length_and_does_not_wrap(pieces: list[tuple[float, bool]]) -> None:
    agc = Agc(-20)
    for level, voiced in pieces:
        sound = piece(level)
        out = np.frombuffer(agc.process(sound, voiced), "<i2").astype(int)
        assert len(out) == len(sound)
        assert np.all(np.sign(out) * np.sign(sound) >= 0)


def test_the_ramp_goes_from_one_gain_to_the_next() -> None:
    agc, steady = Agc(-20), np.full(400, 500, np.float32)
    ends = [0.0]
    for _ in range(3):
        out = np.frombuffer(agc.process(steady, voiced=True), "<i2")
        expected = np.linspace(500 * 10 ** (ends[-1] / 20), 500 * 10 ** (agc.gain_db / 20), 400)
        assert np.max(np.abs(out - expected)) <= 0.5 + 1e-3
        ends.append(agc.gain_db)
    held = np.frombuffer(agc.process(steady, voiced=False), "<i2")
    assert set(held.tolist()) == {round(500 * 10 ** (ends[-1] / 20))}


def test_no_gain_changes_nothing() -> None:
    assert Agc(-20).process(piece(-40), voiced=False) == pcm16(piece(-40))


def test_the_sound_it_is_given_stays_as_it_was() -> None:
    agc, sound = Agc(-20), piece(-40)
    for voiced in (True, False):
        agc.process(sound, voiced)
    assert np.array_equal(sound, piece(-40))


@pytest.mark.parametrize("voiced", [True, False])
def test_nothing_in_nothing_out(voiced: bool) -> None:
    assert Agc().process(np.zeros(0, np.float32), voiced=voiced) == b""
