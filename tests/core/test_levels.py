"""What is remembered of levels, against a deque."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from agentd.core.levels import Levels


@given(st.integers(1, 20), st.lists(st.floats(0, 32124, width=32)))
def test_the_last_ones_are_kept_and_given_in_order(most: int, heard: list[float]) -> None:
    levels, plain = Levels(most), deque[float](maxlen=most)
    levels.extend(heard)
    plain.extend(heard)
    assert levels.ordered() == sorted(plain)
    assert len(levels) == len(plain)
    levels.append(7.0)
    plain.append(7.0)
    assert levels.ordered() == sorted(plain)
