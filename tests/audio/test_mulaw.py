from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agentd.audio.mulaw import LINEAR, decode, encode


def samples(pcm: bytes) -> np.typing.NDArray[np.int16]:
    return np.frombuffer(pcm, "<i2")


def test_the_table_is_that_of_g711() -> None:
    assert [int(LINEAR[code]) for code in (0x00, 0x80, 0xFF, 0x7F, 0xFE, 0x7E, 0xEF, 0xF0)] == [
        -32124, 32124, 0, 0, 8, -8, 132, 120,
    ]  # fmt: skip
    assert len(set(LINEAR.tolist())) == 255


@given(st.binary())
def test_every_code_survives_the_round_trip(mulaw: bytes) -> None:
    assert encode(decode(mulaw)) == mulaw.replace(b"\x7f", b"\xff")


def test_every_sample_becomes_the_nearest_value() -> None:
    every = np.arange(-32768, 32768, dtype=np.int32)
    coded = samples(decode(encode(every.astype("<i2").tobytes()))).astype(np.int32)
    nearest = np.min(np.abs(every[:, None] - np.sort(LINEAR.astype(np.int32))[None, :]), axis=1)
    assert np.array_equal(np.abs(every - coded), nearest)


def test_half_a_sample_at_the_end_is_dropped() -> None:
    assert encode(b"\x00\x00\x01") == b"\xff"
    assert encode(b"") == b""
