from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.config import Settings
from agentd.core.voice import DEFAULT_NOISE, VoiceDetector

levels = st.floats(0, 32000)


def detector(**settings: object) -> VoiceDetector:
    return VoiceDetector(Settings.of(**settings))


def feed(d: VoiceDetector, level: float, frames: int, **how: object) -> list[bool]:
    return [d.hear(level, **how) for _ in range(frames)]  # type: ignore[arg-type]


def test_until_it_is_calibrated_the_floor_is_sixty() -> None:
    d = detector()
    assert feed(d, 100, 19) == [False] * 19
    assert (d.calibrated, d.noise, d.threshold) == (False, DEFAULT_NOISE, 60 * 2.2 + 8)
    d.hear(100)
    assert d.calibrated
    assert d.noise == 100


def test_the_floor_is_the_twentieth_percentile_of_what_is_not_loud() -> None:
    d = detector()
    for i in range(20):
        d.hear(50 + i)
    assert d.noise == 54
    assert d.threshold == pytest.approx(54 * 2.2 + 8)


def test_a_caller_who_speaks_at_once_does_not_deafen_us() -> None:
    d = detector()
    feed(d, 10, 3)
    feed(d, 3000, 17)
    assert d.noise == 10
    late = detector()
    feed(late, 3000, 20)  # not even a moment of silence before
    assert late.noise == 300
    assert late.hear(3000)
    feed(late, 10, 100)
    feed(late, 10, 150)
    assert late.noise == pytest.approx(10, abs=0.5)
    assert late.threshold == 35


def test_the_threshold_never_falls_under_its_floor() -> None:
    d = detector()
    feed(d, 0, 200)
    assert d.threshold == 35
    assert not d.hear(34.9)
    assert d.hear(35)


def test_an_even_noise_lowers_the_threshold_and_an_uneven_one_does_not() -> None:
    rng = random.Random(3)
    even, uneven = detector(), detector()
    for _ in range(400):
        even.hear(rng.uniform(95, 105))
        uneven.hear(rng.uniform(20, 180))
    assert even.threshold == pytest.approx(105 * 1.3 + 8, rel=0.05)
    assert uneven.threshold == pytest.approx(100 * 2.2 + 8, rel=0.15)


def test_the_floor_stands_still_while_anyone_speaks() -> None:
    d = detector()
    feed(d, 40, 60)
    before = d.noise
    for _ in range(20):  # three seconds of words with gaps between them
        feed(d, 2000, 6)
        feed(d, 45, 2)
    assert d.noise == pytest.approx(before, abs=6)
    feed(d, 80, 200, agent_speaking=True)
    assert d.noise == pytest.approx(before, abs=6)


def test_a_fan_that_is_switched_on_stops_being_voice() -> None:
    d = detector()
    feed(d, 20, 60)
    assert all(feed(d, 200, 20))
    feed(d, 200, 200)
    assert not any(feed(d, 200, 50))
    assert d.noise == pytest.approx(200, rel=0.05)


def test_a_fan_that_is_switched_off_gives_our_hearing_back() -> None:
    d = detector()
    feed(d, 250, 100)
    assert not d.hear(300)
    feed(d, 10, 150)
    assert d.threshold == 35


def test_the_weak_end_of_a_word_belongs_to_it_and_no_more() -> None:
    d = detector()
    feed(d, 5, 60)
    assert d.threshold == 35
    assert d.hear(2000)
    assert feed(d, 30, 10) == [True] * 10  # each of them renews the 60 ms
    assert feed(d, 20, 3) == [False] * 3
    assert not d.hear(30)


def test_a_fixed_threshold_stays() -> None:
    d = detector(vad_rms=120)
    feed(d, 400, 300)
    assert d.threshold == 120
    assert d.hear(121)
    assert not detector(vad_rms=120).hear(119)


def test_our_own_echo_is_no_voice() -> None:
    d = detector()
    feed(d, 5, 60)
    assert not any(feed(d, 400, 5, echo=2000, agent_speaking=True))
    assert d.hear(600, echo=2000, agent_speaking=True)


def test_a_neural_detector_judges_in_place_of_the_threshold() -> None:
    d = detector()
    feed(d, 200, 100, probability=0.02)
    assert not d.hear(3000, probability=0.4)
    assert d.hear(3000, probability=0.6)
    assert d.hear(3000, probability=0.4)  # the release is lower
    assert not d.hear(3000, probability=0.1)
    assert not d.hear(20, probability=0.9)  # a probability that is late: its voice is over
    assert not d.hear(3000, probability=0.9, echo=20000)


@given(st.lists(st.tuples(levels, st.booleans()), max_size=300))
def test_the_threshold_is_always_one_that_a_voice_can_reach(frames: list[tuple[float, bool]]) -> None:
    d = detector()
    loudest = 300.0
    for level, speaking in frames:
        d.hear(level, agent_speaking=speaking)
        loudest = max(loudest, level)
        assert 35 <= d.threshold <= loudest * 2.2 + 8
        assert 0 <= d.noise <= loudest
