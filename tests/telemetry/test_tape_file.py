"""The tape as a file: what is written comes back; what is hidden does not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.events import AsrText, Event, Private, Recorded, WsMedia, WsStart
from agentd.telemetry.tape_file import TapeError, TapeFile, event_to_json, read_tape

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


def every_kind(base: type[Event] = Event) -> list[type[Event]]:
    return [kind for each in base.__subclasses__() for kind in (each, *every_kind(each))]


def values(annotation: Any) -> st.SearchStrategy[Any]:
    if annotation is Private:
        return st.builds(Private, TEXT)
    if annotation is int:
        return st.integers(-(2**40), 2**40)
    if annotation is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if annotation is str:
        return TEXT
    if annotation == tuple[str, ...]:
        return st.lists(TEXT, max_size=3).map(tuple)
    return st.from_type(annotation)


EVENTS = st.sampled_from([kind for kind in every_kind() if kind.__module__.startswith("agentd.events")]).flatmap(
    lambda kind: st.builds(kind, **{field.name: values(field.type) for field in msgspec.structs.fields(kind)})
)


async def tape(*recorded: Recorded) -> AsyncIterator[Recorded]:
    for each in recorded:
        yield each


@given(st.lists(EVENTS, max_size=4))
def test_a_shown_tape_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> None:
    written = [Recorded("CA1", 2, seq, seq * 20, seq, event) for seq, event in enumerate(events)]
    path = tmp_path_factory.mktemp("tape") / "call.jsonl"
    path.write_bytes(b"".join(event_to_json(each, True) + b"\n" for each in written))
    assert read_tape(path) == written


@given(EVENTS)
def test_a_line_is_one_line_of_json(event: Event) -> None:
    line = event_to_json(Recorded("CA1", 1, 0, 0, 0, event), False)
    assert b"\n" not in line
    assert json.loads(line)["event"] == event.name


def test_hidden_text_keeps_its_length_and_a_number_its_end(tmp_path: Path) -> None:
    heard = AsrText(length=5, latency_ms=None, final=True, text=Private("שלום!"))
    start = WsStart(stream_sid="MZ1", mode="AI", caller=Private("+972501234567"), called="+97239999999")
    path = tmp_path / "call.jsonl"
    path.write_bytes(b"\n".join(event_to_json(Recorded("CA1", 1, 0, 0, 0, event), False) for event in (heard, start)))
    assert "שלום" not in path.read_text()
    assert "0123" not in path.read_text()
    first, second = (each.event for each in read_tape(path))
    assert isinstance(first, AsrText)
    assert first.text == Private("*****")
    assert isinstance(second, WsStart)
    assert second.caller == Private("**********567")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 2: "),
        ("{}", "line 2: Object missing required field"),
        (
            '{"call_sid":"C","generation":1,"seq":0,"at_ms":0,"frame":0,"event":"NEW","data":{}}',
            "no event is called NEW",
        ),
        ('{"call_sid":"C","generation":1,"seq":0,"at_ms":0,"frame":0,"event":"WS_TX","data":{"tx":"x"}}', "line 2: "),
    ],
)
def test_a_line_that_is_no_event_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "call.jsonl"
    path.write_bytes(event_to_json(Recorded("CA1", 1, 0, 0, 0, WsMedia(rx=50)), False) + b"\n" + line.encode())
    with pytest.raises(TapeError, match=problem):
        read_tape(path)


async def test_the_subscriber_writes_the_call_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    mine = [Recorded("CA1", 1, seq, 0, 0, WsMedia(rx=seq)) for seq in range(3)]
    theirs = Recorded("CA2", 1, 0, 0, 0, WsMedia(rx=9))
    await TapeFile(path, call_sid="CA1").run(tape(mine[0], theirs, *mine[1:]))
    assert read_tape(path) == mine
    assert path.stat().st_mode & 0o077 == 0
