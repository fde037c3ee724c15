from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.audio.resample import Resampler, resample

NOISE = np.random.default_rng(3).normal(0, 3000, 8000).astype("<i2").tobytes()


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3000), max_size=12), st.sampled_from([8000, 16000, 22050, 24000]))
def test_pieces_of_any_length_make_the_same_stream(cuts: list[int], rate: int) -> None:
    stream, at, out = Resampler(rate, 8000), 0, b""
    for cut in cuts:
        out += stream.process(NOISE[at : at + cut])
        at += cut
    out += stream.process(NOISE[at:]) + stream.finish()
    apart = np.frombuffer(out, "<i2").astype(int) - np.frombuffer(resample(NOISE, rate, 8000), "<i2")
    assert np.abs(apart).max() <= 1  # sums in another order
    assert abs(len(out) // 2 - len(NOISE) // 2 * 8000 / rate) <= 1


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 48000])
def test_a_tone_keeps_its_pitch_and_level_there_and_back(rate: int) -> None:
    tone = np.rint(9000 * np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000))
    back = np.frombuffer(resample(resample(tone.astype("<i2").tobytes(), 8000, rate), rate, 8000), "<i2")
    middle = slice(400, 7600)
    assert np.max(np.abs(back[: len(tone)][middle] - tone[middle])) < 100


def test_equal_rates_change_nothing() -> None:
    assert resample(NOISE, 8000, 8000) == NOISE


def test_nothing_in_nothing_out() -> None:
    assert resample(b"", 22050, 8000) == b""
