"""The audio without final text, and where offsets lie: pure data."""

from __future__ import annotations

from agentd_google.unsettled import MOST_MS, UNANSWERED_MS, UNVOICED_MS, Offsets, Unsettled
from hypothesis import given
from hypothesis import strategies as st

from agentd.engines import Heard

HZ = 8000
PER_MS = 16


def sample_pcm(from_ms: int, until_ms: int) -> bytes:
    """PCM that says when it was: each millisecond is its own number."""
    return b"".join(ms.to_bytes(4, "little") * 4 for ms in range(from_ms, until_ms))


def kept(unsettled: Unsettled) -> bytes:
    return b"".join(piece.pcm for piece in unsettled)


@given(
    lengths=st.lists(st.integers(20, 300), min_size=1, max_size=40),
    finals=st.lists(st.integers(0, 9_000), max_size=8),
)
def test_what_is_kept_is_what_follows_the_last_final_to_the_sample(lengths: list[int], finals: list[int]) -> None:
    unsettled, now_ms, settled_ms = Unsettled(HZ), 0, 0
    waiting = sorted(finals)
    for length in lengths:
        unsettled.hear(Heard(sample_pcm(now_ms, now_ms + length), now_ms + length, voiced=True))
        now_ms += length
        while waiting and waiting[0] <= now_ms:
            settled_ms = waiting.pop(0)
            unsettled.settle(settled_ms)
    assert kept(unsettled) == sample_pcm(settled_ms, now_ms)


@given(
    pieces=st.lists(st.tuples(st.integers(1, 300), st.sampled_from([0, 0, 0, 20, 5_000])), min_size=1, max_size=30),
    start_ms=st.integers(0, 100_000),
)
def test_an_offset_is_the_media_time_of_the_sound_there(pieces: list[tuple[int, int]], start_ms: int) -> None:
    unsettled, offsets = Unsettled(HZ), Offsets(HZ)
    now_ms, at = start_ms, [start_ms]  # at[offset] = media time
    for length, gap in pieces:
        now_ms += gap
        fresh = unsettled.hear(Heard(bytes(length * PER_MS), now_ms + length))
        assert fresh is not None
        offsets.sent(fresh)
        at += range(now_ms + 1, now_ms + length + 1)
        now_ms += length
    assert offsets.sent_ms == len(at) - 1
    assert [offsets.media_ms(offset) for offset in range(1, len(at))] == at[1:]
    assert offsets.media_ms(len(at) + 5_000) == now_ms == offsets.until_ms


def test_silence_is_forgotten_but_for_a_little() -> None:
    unsettled = Unsettled(HZ)
    for ms in range(100, 60_100, 100):
        unsettled.hear(Heard(bytes(1600), ms))
    assert UNVOICED_MS <= len(kept(unsettled)) / PER_MS <= UNVOICED_MS + 100
    assert unsettled.quiet


def test_a_voice_that_brought_no_words_is_forgotten_after_a_while() -> None:
    unsettled = Unsettled(HZ)
    unsettled.hear(Heard(bytes(1600), 100, voiced=True))
    for ms in range(200, UNANSWERED_MS + 300, 100):
        unsettled.hear(Heard(bytes(1600), ms))
        assert not unsettled.quiet or ms > UNANSWERED_MS + 100
    assert unsettled.quiet
    assert len(kept(unsettled)) / PER_MS <= UNVOICED_MS + 100


def test_words_keep_even_what_no_detector_called_voice() -> None:
    unsettled = Unsettled(HZ)
    unsettled.hear(Heard(bytes(1600), 100))
    unsettled.words_open()
    for ms in range(200, 20_100, 100):
        unsettled.hear(Heard(bytes(1600), ms))
    assert len(kept(unsettled)) == 20_000 * PER_MS
    assert not unsettled.quiet
    unsettled.settle(20_000)
    assert unsettled.quiet
    assert kept(unsettled) == b""


def test_there_is_a_most() -> None:
    unsettled = Unsettled(HZ)
    for ms in range(100, 3 * MOST_MS, 100):
        unsettled.hear(Heard(bytes(1600), ms, voiced=True))
    assert len(kept(unsettled)) / PER_MS <= MOST_MS + 100


def test_a_text_begins_at_the_first_voice_after_the_last_one() -> None:
    unsettled = Unsettled(HZ)
    unsettled.hear(Heard(bytes(1600), 100, voiced=True))
    unsettled.settle(60)
    assert unsettled.from_ms == 60  # the voice goes on beyond the final text
    unsettled.settle(100)
    unsettled.hear(Heard(bytes(1600), 200))
    unsettled.hear(Heard(bytes(1600), 300, voiced=True))
    assert unsettled.from_ms == 200


def test_a_tick_without_sound_is_nothing() -> None:
    unsettled = Unsettled(HZ)
    assert unsettled.hear(Heard(b"", 20, pause=True)) is None
    assert list(unsettled) == []
