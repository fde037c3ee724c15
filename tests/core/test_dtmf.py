from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.dtmf import DigitGatherer


def ticks(g: DigitGatherer, ms: int) -> list[str]:
    return [digits for _ in range(ms // 20) if (digits := g.tick()) is not None]


def press(g: DigitGatherer, keys: str) -> list[str]:
    out = []
    for key in keys:
        if (digits := g.press(key)) is not None:
            out.append(digits)
        out += ticks(g, 300)
    return out


def test_the_hash_key_ends_a_number() -> None:
    g = DigitGatherer()
    assert press(g, "0541#") == ["0541"]
    assert not g.gathering


def test_a_pause_ends_it_too() -> None:
    g = DigitGatherer()
    assert press(g, "42") == []
    assert g.gathering
    assert ticks(g, 2180) == []
    assert ticks(g, 20) == ["42"]
    assert ticks(g, 5000) == []


def test_each_key_starts_the_pause_again() -> None:
    g = DigitGatherer()
    for _ in range(5):
        assert g.press("7") is None
        assert ticks(g, 2400) == []
    assert ticks(g, 100) == ["77777"]


def test_the_length_of_the_slot_ends_it() -> None:
    g = DigitGatherer()
    g.expect(4)
    assert press(g, "123456") == ["1234"]
    assert press(g, "#") == ["56"]


def test_a_hash_alone_is_an_answer() -> None:
    assert DigitGatherer().press("#") == "#"


@pytest.mark.parametrize("key", ["", "A", "12", "x", "\u0661"])
def test_what_is_no_key_is_ignored(key: str) -> None:
    g = DigitGatherer()
    assert g.press(key) is None
    assert not g.gathering


def test_the_tone_is_no_voice_for_a_moment() -> None:
    g = DigitGatherer()
    assert not g.tone
    g.press("5")
    assert g.tone
    ticks(g, 140)
    assert g.tone
    ticks(g, 20)
    assert not g.tone


@given(st.lists(st.one_of(st.sampled_from("0123456789*#"), st.integers(1, 4000)), max_size=60))
def test_no_digit_is_lost_and_none_is_made_up(steps: list[object]) -> None:
    g, pressed, got = DigitGatherer(), "", ""
    for what in steps:
        if isinstance(what, str):
            pressed += what
            got += g.press(what) or ""
        else:
            got += "".join(ticks(g, what))
    got += "".join(ticks(g, 3000))
    assert got.replace("#", "") == pressed.replace("#", "")
