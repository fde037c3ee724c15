"""Two voices on one time line, as the caller heard them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentd.core.media_stream import FRAME_BYTES, SILENCE
from agentd.core.stereo import FRAME_S, SLACK, Stereo


def frame(n: int) -> bytes:
    return bytes([n % 255]) * FRAME_BYTES


def channels(stereo: Stereo) -> tuple[list[int], list[int]]:
    """The first byte of each frame, left and right."""
    both = stereo.take()
    return list(both[0 :: 2 * FRAME_BYTES]), list(both[1 :: 2 * FRAME_BYTES])


def test_what_is_sent_ahead_is_heard_when_it_plays() -> None:
    stereo = Stereo()
    for n in range(3):
        stereo.heard(frame(100 + n))
    for n in range(4):
        stereo.sent(frame(1 + n), (10 + n) * FRAME_S)
    for n in range(20):
        stereo.heard(frame(n))
    left, right = channels(stereo)
    assert left == [100, 101, 102, *range(20)]
    assert right == [255] * 13 + [1, 2, 3, 4] + [255] * 6


def test_a_clear_takes_back_what_was_not_reached() -> None:
    stereo = Stereo()
    for n in range(10):
        stereo.sent(frame(1 + n), n * FRAME_S)
    for _ in range(4):
        stereo.heard(SILENCE)
    stereo.cleared()
    for _ in range(4):
        stereo.heard(SILENCE)
    assert channels(stereo)[1] == [1, 2, 3, 4, 255, 255, 255, 255]


def test_jitter_makes_no_holes_in_one_speech() -> None:
    stereo = Stereo()
    for n in range(50):
        stereo.sent(frame(1), (0.2 if n % 2 else 0.2 + SLACK * FRAME_S))
        stereo.heard(SILENCE)
    for _ in range(40):
        stereo.heard(SILENCE)
    right = channels(stereo)[1]
    first = right.index(1)
    assert right[first : first + 50] == [1] * 50


def test_a_pause_is_silent_on_both_sides_and_keeps_the_time() -> None:
    stereo = Stereo()
    for n in range(6):
        stereo.sent(frame(1 + n), n * FRAME_S)
    for n in range(6):
        stereo.heard(frame(50), silent=2 <= n < 4)
    assert channels(stereo) == ([50, 50, 255, 255, 50, 50], [1, 2, 255, 255, 5, 6])


@given(st.lists(st.one_of(st.just("heard"), st.just("cleared"), st.floats(-1, 3)), max_size=200))
def test_there_is_always_one_moment_for_each_of_the_callers_frames(script: list[object]) -> None:
    stereo, heard, sent = Stereo(), 0, 0
    for step in script:
        if step == "heard":
            stereo.heard(SILENCE)
            heard += 1
        elif step == "cleared":
            stereo.cleared()
        else:
            stereo.sent(frame(7), step)
            sent += 1
    assert stereo.ready == heard
    left, right = channels(stereo)
    assert len(left) == len(right) == heard
    assert right.count(7) <= sent
