"""A call is longer than a stream: no word lost, none doubled, offsets those of the call.

Twelve minutes of a whole call over rotated streams are in `tests/faults/test_rotation_in_a_call.py`.
"""

from __future__ import annotations

import pytest
from agentd_google.stt import Rotation
from agentd_google.testing import FakeGoogle, conversation, finals, listen, pieces, sound

from agentd.engines import Heard

NEVER = Rotation(float("inf"), float("inf"))


@pytest.mark.parametrize(("version", "hard_s"), [("v1", 7.3), ("v2", 11.0)])
async def test_a_rotation_in_mid_word_replays_what_had_no_final_text(
    google: FakeGoogle, version: str, hard_s: float
) -> None:
    # Sentences of up to 5 s: each stream ends in the middle of one.
    heard = pieces(conversation(40, seed=3), piece_bytes=16 * 60)
    expected = finals(await listen(google.stt(version, rotation=NEVER), heard))
    got = finals(await listen(google.stt(version, rotation=Rotation(hard_s, hard_s)), heard, pace_s=0.0005))
    assert got == expected
    assert len(google.speech.sessions) > 3


async def test_after_four_minutes_the_next_stream_begins_at_the_end_of_a_sentence(google: FakeGoogle) -> None:
    said = sound("w1 w2 w3") + bytes(16 * 900)
    heard = pieces(said * 10)
    got = await listen(google.stt(rotation=Rotation(soft_s=5.0, hard_s=100.0)), heard, pace_s=0.0005)
    assert [t.text for t in finals(got)] == ["w1 w2 w3"] * 10
    # Each stream ends with a sentence: what is replayed is the silence after it, and no word.
    assert len(google.speech.sessions) > 1
    assert sum(stream.audio_ms for stream in google.speech.sessions) < len(heard) * 100 + 5_000


async def test_a_silent_line_rotates_without_replaying_the_silence(google: FakeGoogle) -> None:
    heard = pieces(bytes(16 * 60_000) + sound("w7 w8") + bytes(16 * 900))
    got = await listen(google.stt(rotation=Rotation(soft_s=10.0, hard_s=20.0)), heard)
    assert [(t.text, t.from_ms, t.until_ms) for t in finals(got)] == [("w7 w8", 60_000, 60_790)]
    streams = google.speech.sessions
    assert len(streams) >= 6
    assert sum(stream.audio_ms for stream in streams) < len(heard) * 100 + len(streams) * 3_500


async def test_offsets_stay_those_of_the_call_where_audio_was_lost(google: FakeGoogle) -> None:
    """The call drops audio that a slow engine leaves unread: media time then jumps."""

    def with_gaps(rotation: Rotation) -> list[Heard]:
        heard, late_ms = [], 0
        for at, piece in enumerate(pieces(conversation(60, seed=5))):
            late_ms += 5_000 if at % 150 == 149 else 0
            heard.append(Heard(piece.pcm, piece.until_ms + late_ms, piece.voiced))
        return heard

    heard = with_gaps(NEVER)
    expected = finals(await listen(google.stt(rotation=NEVER), heard))
    got = finals(await listen(google.stt(rotation=Rotation(6.0, 6.0)), heard, pace_s=0.0005))
    assert got == expected
    assert expected[-1].until_ms is not None
    assert heard[-1].until_ms - 15_000 < expected[-1].until_ms <= heard[-1].until_ms


async def test_the_clock_rotates_a_stream_whose_audio_is_sparse(google: FakeGoogle) -> None:
    heard = pieces(sound("w1 w2") + bytes(16 * 700)) * 1
    stt = google.stt(rotation=Rotation(soft_s=0.05, hard_s=0.1))
    got = await listen(stt, heard, pace_s=0.03)  # 1.4 s of audio: its clock, not its length, is over the limit
    assert [t.text for t in finals(got)] == ["w1 w2"]
    assert len(google.speech.sessions) > 2
