"""Server-sent events out of bytes that come in any pieces: the data of each, nothing else of the protocol. Pure.

The client has a reader of its own, which leaves suspended generators behind at every `[DONE]` and keeps a line that
never ends in memory without bound; this one does neither.
"""

from __future__ import annotations

from collections.abc import Iterator

MOST_LINE = 256 * 1024  # bytes; the longest that is honest is a tool call in one piece


class EventReader:
    """One stream's. `feed` all of its bytes."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[str]:
        """The data of the events that are whole with `piece`. Raises ValueError for a line without end or that is no
        UTF-8."""
        self._line += piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest)
        if len(rest) > MOST_LINE:
            raise ValueError("a line that does not end")
        for line in lines:
            name, _, value = line.decode("utf-8").partition(":")
            if name == "data":
                self._data.append(value.removeprefix(" "))
            elif not line and self._data:
                data, self._data = "\n".join(self._data), []
                yield data
