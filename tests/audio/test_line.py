"""PCM of any rate becomes the line's mu-law, also when the rate changes in the middle."""

from __future__ import annotations

import pytest

from agentd.audio.line import ToLine
from agentd.audio.mulaw import encode


def test_the_lines_own_rate_is_only_encoded() -> None:
    pcm = bytes(range(200)) * 2
    to_line = ToLine()
    assert to_line.feed(pcm, 8000) + to_line.finish() == encode(pcm)


@pytest.mark.parametrize("rates", [(24000,), (24000, 16000), (24000, 8000), (8000, 22050), (16000, 8000, 24000)])
def test_a_second_of_each_rate_is_a_second_on_the_line(rates: tuple[int, ...]) -> None:
    to_line = ToLine()
    out = b""
    for rate_hz in rates:
        for _ in range(10):
            out += to_line.feed(bytes(2 * rate_hz // 10), rate_hz)
    out += to_line.finish()
    assert len(out) == pytest.approx(8000 * len(rates), abs=20)
