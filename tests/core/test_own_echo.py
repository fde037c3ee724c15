"""Our own echo, against the plain sum over what was sent."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.own_echo import FROM_S, TO_S, OwnEcho

STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "ask", "clear"]), st.floats(0, 0.3), st.floats(0, 1e9)), min_size=1, max_size=60
)


@given(STEPS)
def test_the_level_is_the_rms_of_what_played_in_the_window(steps: list[tuple[str, float, float]]) -> None:
    echo, now, dry_at = OwnEcho(), 0.0, 0.0
    sent: list[tuple[float, float]] = []
    for what, later, power in steps:
        now += later
        if what == "send":
            dry_at = max(dry_at, now)
            echo.sent(dry_at, power)
            sent.append((dry_at, power))
            dry_at += 0.02
        elif what == "clear":
            echo.cleared(now)
            sent = [frame for frame in sent if frame[0] <= now]
            dry_at = now
        else:
            window = [p for at, p in sent if now - TO_S <= at <= now - FROM_S]
            expected = sqrt(sum(window) / len(window)) if window else 0.0
            assert echo.level(now) == pytest.approx(expected, rel=1e-6, abs=1e-2)


def test_a_speech_that_nobody_listens_under_is_not_kept() -> None:
    echo = OwnEcho()
    for n in range(1000):
        echo.sent(n * 0.02, 100.0)
    assert echo.level(1000 * 0.02) == pytest.approx(10.0)
    assert echo.level(1000 * 0.02 + TO_S + FROM_S) == 0.0
