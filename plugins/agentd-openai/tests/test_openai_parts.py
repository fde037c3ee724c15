"""The pure parts: events out of bytes, tool calls out of splinters, inventions of a recogniser, PCM out of pieces."""

from __future__ import annotations

import math
import random
from array import array
from itertools import pairwise

import pytest
from agentd_openai.pcm import PcmReader
from agentd_openai.phantoms import believable, loudest, nothing_to_hear
from agentd_openai.sse import MOST_LINE, EventReader
from agentd_openai.tool_calls import MOST_CALLS, BadToolCall, ToolCalls
from hypothesis import given
from hypothesis import strategies as st

from agentd.engines import ToolCall

VOICE = array("h", (round(5000 * math.sin(i / 5)) for i in range(16_000))).tobytes()  # two seconds


# --- events


def test_only_the_data_of_an_event_counts() -> None:
    raw = b": comment\r\nevent: x\r\nid: 4\r\ndata: one\r\n\r\ndata:two\ndata: three\n\nretry: 5\n\n"
    assert list(EventReader().feed(raw)) == ["one", "two\nthree"]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), min_size=1)), st.data())
def test_events_are_the_same_however_the_bytes_are_cut(texts: list[str], data: st.DataObject) -> None:
    raw = "".join(f"data: {text}\n\n" for text in texts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)))))
    reader = EventReader()
    edges = [0, *cuts, len(raw)]
    assert [e for a, b in pairwise(edges) for e in reader.feed(raw[a:b])] == texts


def test_a_line_without_end_is_refused() -> None:
    reader = EventReader()
    assert list(reader.feed(b"data: " + b"x" * MOST_LINE + b"\n")) == []
    with pytest.raises(ValueError, match="does not end"):
        list(reader.feed(b"x" * (MOST_LINE + 1)))


# --- tool calls


def test_calls_with_the_same_index_and_ids_of_their_own_are_several() -> None:
    calls = ToolCalls()
    for name in ("a", "b"):
        calls.feed([{"index": 0, "id": name, "function": {"name": f"tool.{name}", "arguments": "{}"}}])
    assert calls.whole() == [ToolCall("a", "tool.a", {}), ToolCall("b", "tool.b", {})]


def test_a_call_without_an_id_or_arguments_gets_them() -> None:
    calls = ToolCalls()
    calls.feed([{"function": {"name": "stt.get_last_transcript", "arguments": None}}])
    assert calls.whole() == [ToolCall("call-0", "stt.get_last_transcript", {})]


@pytest.mark.parametrize(
    "pieces",
    [
        "call",
        ["call"],
        [{"function": "call"}],
        [{"function": {"name": 7}}],
        [{"function": {"name": "x", "arguments": {"a": 1}}}],
        [{"function": {"arguments": "{}"}}],
        [{"function": {"name": "x", "arguments": "{" * 20_000}}],
        [{"index": i, "function": {"name": "x"}} for i in range(MOST_CALLS + 1)],
    ],
    ids=range(8),
)
def test_what_is_no_tool_call_is_refused(pieces: object) -> None:
    calls = ToolCalls()

    def whole() -> list[ToolCall]:
        calls.feed(pieces)
        return calls.whole()

    with pytest.raises(BadToolCall):
        whole()


# --- inventions


@pytest.mark.parametrize(
    "text", ["Thanks for watching!", "תּוֹדָה רַבָּה שֶׁצְּפִיתֶם", "Subtitles by the Amara.org community", "..."]
)
def test_some_lines_are_never_said_to_a_telephone(text: str) -> None:
    assert believable(text, VOICE, 1500) == ""


@pytest.mark.parametrize("text", ["תודה", "Thank you.", "ביי"])
def test_a_single_courtesy_counts_where_there_was_voice(text: str) -> None:
    assert believable(text, VOICE, 500) == text
    assert believable(text, bytes(len(VOICE)), 500) == ""
    assert believable(text, VOICE, 100) == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("yes yes yes", True),
        ("5 5 5 5 5 5 5 5 5 5", True),
        ("no no no, I said Tuesday", True),
        ("the the the the the the the the", False),
        ("I said so I said so I said so I said so", False),
        ("a" * 200, False),
    ],
)
def test_loops_and_floods_are_told_from_what_people_repeat(text: str, kept: bool) -> None:
    assert bool(believable(text, VOICE, 1500)) is kept


def test_spaces_are_made_single() -> None:
    assert believable("  I am\n looking  for a flat ", VOICE, 1500) == "I am looking for a flat"


def test_next_to_nothing_is_not_worth_a_request() -> None:
    chance = random.Random(1)
    hiss = array("h", (round(chance.gauss(0, 10)) for _ in range(8000))).tobytes()
    assert nothing_to_hear(b"", 0)
    assert nothing_to_hear(VOICE, 0)
    assert nothing_to_hear(VOICE[:1000], 60)
    assert nothing_to_hear(hiss, 300)
    assert not nothing_to_hear(VOICE, 300)


def test_loudness_is_that_of_the_loudest_tenth_of_a_second() -> None:
    quiet = bytes(16_000)
    assert loudest(quiet + VOICE + quiet) == pytest.approx(5000 / math.sqrt(2), rel=0.02)
    assert loudest(b"") == 0
    assert loudest(VOICE[:100]) > 1000


# --- sound


@given(st.lists(st.binary(min_size=1, max_size=9000), min_size=1, max_size=8))
def test_sound_is_whole_samples_and_nothing_of_it_is_lost(pieces: list[bytes]) -> None:
    reader = PcmReader("openai")
    whole = b"\x01\x02" * 10 + b"".join(pieces)
    got = [chunk for piece in (whole[:20], *pieces) for chunk in reader.feed(piece)]
    out = b"".join(chunk.pcm for chunk in got)
    assert out == whole[: len(whole) & ~1]
    assert all(0 < len(chunk.pcm) <= 4800 and len(chunk.pcm) % 2 == 0 for chunk in got)
