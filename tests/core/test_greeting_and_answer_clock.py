"""When to greet, and when silence must be explained."""

import pytest

from agentd.config import Settings
from agentd.core.answer_clock import AnswerClock
from agentd.core.greeting import Greeting


def greets_at(*spans: tuple[bool, int]) -> int | None:
    """Milliseconds from the start, for spans of (voiced, ms)."""
    g, t = Greeting(Settings.of()), 0
    for voiced, ms in spans:
        for _ in range(ms // 20):
            t += 20
            if g.hear(voiced):
                return t
    return None


@pytest.mark.parametrize(
    ("spans", "at_ms"),
    [
        ([(False, 3000)], 800),
        ([(False, 200), (True, 160), (False, 3000)], 800),  # a click is no voice
        ([(False, 200), (True, 400), (False, 3000)], 2100),  # "hello?", of which no words come
        ([(False, 700), (True, 160), (False, 3000)], 960),  # begun at the limit, and it was nothing
        ([(False, 700), (True, 600), (False, 3000)], 2800),
    ],
)
def test_the_greeting_does_not_talk_into_a_hello(spans: list[tuple[bool, int]], at_ms: int) -> None:
    assert greets_at(*spans) == at_ms


def test_a_filler_at_two_seconds_and_then_before_three_seconds_of_silence_are_full() -> None:
    clock = AnswerClock(Settings.of())
    assert not clock.due(100.0, 0.0)
    clock.start(10.0)
    assert not clock.due(11.98, 9.0)
    assert clock.due(12.0, 9.0)
    assert not clock.due(12.02, 13.0)  # it plays until 13.0
    assert not clock.due(15.78, 13.0)
    assert clock.due(15.8, 13.0)
    clock.stop()
    assert not clock.due(99.0, 13.0)


def test_a_thinking_hint_comes_sooner() -> None:
    clock = AnswerClock(Settings.of(thinking_hint_ms=700))
    clock.start(0.0)
    assert not clock.due(0.68, 0.0)
    assert clock.due(0.7, 0.0)
