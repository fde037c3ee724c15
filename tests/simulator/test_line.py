"""The pure line: message shapes, the buffer that plays, and what is kept of it."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.media_stream import Digit, Mark, Media, Reader, Start, Stop, Writer
from agentd.simulator.line import Line

TONE = bytes([0x20, 0xA0] * 80)  # 20 ms, loud


def test_what_it_sends_is_what_the_reader_understands() -> None:
    line, reader = Line(seed=4), Reader()
    assert reader.read(line.connected()) is None
    start = reader.read(line.start({"token": "x"}))
    assert start == Start(line.call_sid, line.stream_sid, line.account_sid, {"token": "x"})
    media = reader.read(line.media(TONE))
    assert isinstance(media, Media)
    assert media.payload == TONE
    assert 50 <= media.timestamp_ms <= 200
    assert reader.read(line.dtmf("#")) == Digit("#")
    line.receive(Writer(line.stream_sid).mark('a"b'), 1.0)
    assert [reader.read(m) for m in line.due(2.0)] == [Mark('a"b')]
    assert reader.read(line.stop()) is Stop.STOP


def test_numerics_are_strings_and_the_sequence_is_shared() -> None:
    line = Line()
    line.start()
    messages = [msgspec.json.decode(m) for m in (line.media(TONE), line.dtmf("1"), line.media(TONE), line.stop())]
    assert [m["sequenceNumber"] for m in messages] == ["2", "3", "4", "5"]
    assert [m["media"]["chunk"] for m in messages if "media" in m] == ["1", "2"]
    assert messages[1]["dtmf"] == {"track": "inbound_track", "digit": "1"}
    assert set(msgspec.json.decode(line.connected())) == {"event", "protocol", "version"}


def test_a_mark_on_an_empty_buffer_returns_as_soon_as_the_network_allows() -> None:
    line = Line(mark_delay_s=0.034)
    line.receive(Writer(line.stream_sid).mark("now"), 5.0)
    assert line.next_due() == pytest.approx(5.034)
    assert line.due(5.03) == []
    assert len(line.due(5.034)) == 1
    assert line.next_due() is None


def test_late_audio_leaves_a_gap_that_the_track_keeps() -> None:
    line = Line()
    writer = Writer(line.stream_sid)
    line.receive(writer.media(TONE * 5), 1.0)
    line.receive(writer.media(TONE * 5), 1.5)
    assert [(s.at_s, round(s.end_s, 6)) for s in line.agent.spans()] == [(1.0, 1.1), (1.5, 1.6)]
    assert line.agent.between(1.05, 1.55) == TONE * 2 + TONE[:80] + b"\xff" * 3200 + TONE[:80] + TONE * 2
    assert line.agent.sounds(join_s=0.35) == [(1.0, 1.1), (1.5, pytest.approx(1.6))]
    assert line.agent.sounds(join_s=0.5) == [(1.0, pytest.approx(1.6))]


def test_the_silent_tail_is_not_audible() -> None:
    line = Line()
    line.receive(Writer(line.stream_sid).media(TONE + b"\xff\x7f\xfe\x7e" * 400), 0.0)
    assert line.agent.sounds() == [(0.0, 0.02)]
    assert line.agent.first_sound(0.02, 0.3) is None
    assert line.agent.last_sound(0.0, 0.3) == pytest.approx(0.02)


steps = st.lists(
    st.tuples(st.sampled_from(["media", "mark", "clear"]), st.floats(0, 0.5), st.integers(1, 4000)), max_size=40
)


@given(steps)
def test_nothing_is_lost_doubled_or_reordered(script: list[tuple[str, float, int]]) -> None:
    line, now, sent, names, echoed = Line(), 0.0, b"", [], []
    writer = Writer(line.stream_sid)
    for number, (kind, wait_s, size) in enumerate(script):
        now += wait_s
        echoed += line.due(now)
        if kind == "media":
            audio = bytes((number + i) % 251 for i in range(size))
            sent += audio
            line.receive(writer.media(audio), now)
        elif kind == "mark":
            names.append(f"m{number}")
            line.receive(writer.mark(names[-1]), now)
        else:
            line.receive(writer.clear, now)
            assert line.unplayed_s(now) == pytest.approx(0, abs=1e-3)
            echoed += line.due(now)
            assert len(echoed) == len(names)  # all pending ones, at once
    echoed += line.due(now + 3600)
    assert [msgspec.json.decode(m)["mark"]["name"] for m in echoed] == names
    heard = b"".join(span.mulaw for span in line.agent.spans())
    assert len(heard) + sum(len(audio) for _, audio in line.cleared) == len(sent)
    spans = line.agent.spans()
    assert all(a.end_s <= b.at_s for a, b in pairwise(spans))
    assert not line.warnings


@given(st.binary(max_size=80) | st.text(max_size=40).map(str.encode))
def test_no_input_raises(junk: bytes) -> None:
    line = Line()
    assert line.receive(junk, 0.0) is None
    assert [w.code for w in line.warnings] == [31951]
