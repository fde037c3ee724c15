"""A call's tape as JSON lines: written while it runs, read back as the same events.

    {"call_sid": ..., "generation": 1, "seq": 0, "at_ms": 0, "frame": 0, "event": "EOU", "data": {...}}

Text of a person is {"text": ...} when it is shown, else {"chars": 12} (and "ends": "567" for a number).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

import agentd.events_beside  # noqa: F401 - a line may hold one of these
from agentd.errors import AgentdError
from agentd.events import Event, Private, Recorded
from agentd.telemetry.privacy import hidden


class TapeError(AgentdError):
    """A line that is no event of a tape."""

    code = "tape"


class _Line(msgspec.Struct, frozen=True):
    call_sid: str
    generation: int
    seq: int
    at_ms: int
    frame: int
    event: str
    data: dict[str, Any]


def event_to_json(recorded: Recorded, show_private: bool) -> bytes:
    """One line, without the line end. `show_private` writes what people said and their numbers."""
    event = recorded.event
    data = {key: _written(value, show_private) for key, value in msgspec.structs.asdict(event).items()}
    return msgspec.json.encode(
        _Line(recorded.call_sid, recorded.generation, recorded.seq, recorded.at_ms, recorded.frame, event.name, data)
    )


def read_tape(path: Path) -> list[Recorded]:
    """All events of a file. What was hidden comes back as stars of the same length. Raises `TapeError` with the
    number of the line that cannot be read; an event of a plugin can be read once that plugin is imported."""
    kinds = _kinds(Event)
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            raw = msgspec.json.decode(line, type=_Line)
            data = {key: _restored(value) for key, value in raw.data.items()}
            event = msgspec.convert(data, type=kinds[raw.event])
        except KeyError as error:
            raise TapeError(f"line {number}: no event is called {error.args[0]}") from None
        except msgspec.MsgspecError as error:
            raise TapeError(f"line {number}: {error}") from None
        found.append(Recorded(raw.call_sid, raw.generation, raw.seq, raw.at_ms, raw.frame, event))
    return found


class TapeFile:
    """A subscriber that writes the tapes it reads to one file, line by line.

    The file is opened for its owner alone. Writes go to the kernel's cache in the reader's task: meant for a demo or
    a test on this machine, not for a disk that may block.
    """

    name = "tape-file"

    def __init__(self, path: Path, *, show_private: bool = False, call_sid: str = "") -> None:
        """`call_sid`: write this call only; empty: all."""
        self._path, self._show_private, self._call_sid = path, show_private, call_sid

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        """Write until the tape ends. Cancel: what was read is in the file, whole lines only."""
        self._path.touch(mode=0o600)
        with self._path.open("wb", buffering=0) as file:
            async for recorded in tape:
                self._write(file, recorded)

    def _write(self, file: BinaryIO, recorded: Recorded) -> None:
        if not self._call_sid or recorded.call_sid == self._call_sid:
            file.write(event_to_json(recorded, self._show_private) + b"\n")


def _written(value: Any, show_private: bool) -> Any:
    if not isinstance(value, Private):
        return value
    if show_private:
        return {"text": value.text}
    covered = hidden(value)
    ends = {"ends": covered[3:]} if covered.startswith("***") else {}
    return {"chars": len(value.text)} | ends


def _restored(value: Any) -> Any:
    if isinstance(value, dict) and "chars" in value:
        ends = str(value.get("ends", ""))
        return {"text": "*" * (int(value["chars"]) - len(ends)) + ends}
    return value


def _kinds(base: type[Event]) -> dict[str, type[Event]]:
    found = {base.name: base}
    for kind in base.__subclasses__():
        found |= _kinds(kind)
    return found
