from __future__ import annotations

import numpy as np
import pytest

from agentd.audio.mulaw import decode
from agentd.audio.sound import from_mulaw, pcm16


def test_the_way_there_and_back_is_the_decoder() -> None:
    every = bytes(range(256))
    assert pcm16(from_mulaw(every)) == decode(every)


@pytest.mark.parametrize(("sample", "whole"), [
    (0.4, 0), (-0.6, -1), (1.5, 2), (32766.9, 32767), (32768, 32767), (1e9, 32767), (-32769, -32768), (-1e9, -32768),
])  # fmt: skip
def test_the_nearest_whole_number_within_full_scale(sample: float, whole: int) -> None:
    sound = np.full(3, sample, np.float32)
    assert np.frombuffer(pcm16(sound), "<i2").tolist() == [whole] * 3
    assert sound.tolist() == [np.float32(sample)] * 3  # untouched


def test_nothing_is_nothing() -> None:
    assert pcm16(from_mulaw(b"")) == b""
