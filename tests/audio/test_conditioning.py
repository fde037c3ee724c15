from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.audio.conditioning import DC_HZ, Conditioner
from agentd.audio.mulaw import decode, encode


def tone(hz: float, offset: float = 0.0, seconds: float = 1.0) -> bytes:
    t = np.arange(int(8000 * seconds)) / 8000
    return encode(np.rint(offset + 8000 * np.sin(2 * np.pi * hz * t)).astype("<i2").tobytes())


def gain_db(hz: float, conditioner: Conditioner) -> float:
    mulaw = tone(hz)
    before = np.frombuffer(decode(mulaw), "<i2").astype(float)[4000:]
    after = np.frombuffer(conditioner.process(mulaw), "<i2").astype(float)[4000:]
    return float(20 * np.log10(max(np.sqrt(np.mean(after**2)), 0.1) / np.sqrt(np.mean(before**2))))


@pytest.mark.parametrize("loudness", [300, 3000, 12000])
@pytest.mark.parametrize(("high_pass_hz", "low_pass_hz"), [
    (100, 3700), (0, 4000), (0.01, 4000), (1, 3700), (20, 1000), (1000, 1000), (300, 3400), (100, 3999.9),
])  # fmt: skip
def test_the_filter_is_the_textbook_one(high_pass_hz: float, low_pass_hz: float, loudness: float) -> None:
    """With every setting that is allowed: in single precision the direct form is wrong by 400 at 1 Hz."""
    from scipy.signal import butter, sosfilt  # here: its import takes a second, in each worker

    noise = np.random.default_rng(1).normal(loudness, loudness, 16000)
    mulaw = encode(noise.clip(-32768, 32767).astype("<i2").tobytes())
    sos = [np.array([[1, -1, 0, 1, -(1 - 2 * np.pi * DC_HZ / 8000), 0]])]
    if high_pass_hz:
        sos.append(butter(2, high_pass_hz, "high", fs=8000, output="sos"))
    if low_pass_hz < 4000:
        sos.append(butter(2, low_pass_hz, "low", fs=8000, output="sos"))
    expected = sosfilt(np.vstack(sos), np.frombuffer(decode(mulaw), "<i2").astype(float))
    conditioner = Conditioner(high_pass_hz, low_pass_hz)
    assert np.max(np.abs(conditioner.sound(mulaw) - expected)) < 0.02
    heard = np.frombuffer(Conditioner(high_pass_hz, low_pass_hz).process(mulaw), "<i2")
    assert np.max(np.abs(heard - expected.clip(-32768, 32767))) < 0.52


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 900), max_size=10))
def test_pieces_of_any_length_make_the_same_sound(cuts: list[int]) -> None:
    mulaw = encode(np.random.default_rng(2).normal(0, 3000, 4000).astype("<i2").tobytes())
    stream, at, out = Conditioner(), 0, b""
    for cut in cuts:
        out += stream.process(mulaw[at : at + cut])
        at += cut
        assert len(out) == 2 * min(at, len(mulaw))
    out += stream.process(mulaw[at:])
    whole = np.frombuffer(Conditioner().process(mulaw), "<i2").astype(int)
    assert np.max(np.abs(np.frombuffer(out, "<i2").astype(int) - whole)) <= 1  # sums in another order


@pytest.mark.parametrize(("hz", "at_least", "at_most"), [
    (50, -16, -11), (100, -3.3, -2.7), (300, -0.4, 0.2), (1000, -0.1, 0.1), (3000, -0.4, 0.2), (3700, -3.3, -2.7),
])  # fmt: skip
def test_voice_passes_and_hum_does_not(hz: float, at_least: float, at_most: float) -> None:
    assert at_least < gain_db(hz, Conditioner(100, 3700)) < at_most


def test_direct_current_is_gone_even_without_the_high_pass() -> None:
    offset = encode(np.full(8000, 3000, "<i2").tobytes())
    for conditioner in (Conditioner(0, 4000), Conditioner(100, 3700)):
        assert np.abs(np.frombuffer(conditioner.process(offset), "<i2")[4000:]).max() <= 1
    assert abs(gain_db(60, Conditioner(0, 4000))) < 0.3


def test_full_scale_is_clipped_and_not_wrapped() -> None:
    square = np.where(np.arange(8000) % 160 < 80, 32000, -32000).astype("<i2")
    heard = np.frombuffer(Conditioner().process(encode(square.tobytes())), "<i2").astype(int)
    assert heard.max() == 32767
    assert np.all(heard[square > 0][200:400] > -32768)
