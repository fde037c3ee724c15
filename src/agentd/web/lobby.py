"""Streams that have shaken hands and not yet said `start`: no more than MAX_CALLS + 20 of them (DESIGN 3)."""

from __future__ import annotations

from typing import Final

import trio

from agentd.media import MediaStream

# Handshakes under way beside the calls that may be.
_SPARE: Final = 20


class Lobby:
    """Counts by asking: a stream that closed has left."""

    def __init__(self, max_calls: int) -> None:
        self._limit = max_calls + _SPARE
        self._waiting: dict[MediaStream, trio.Event] = {}

    def has_room(self) -> bool:
        if len(self._waiting) >= self._limit:
            self._waiting = {stream: closed for stream, closed in self._waiting.items() if not closed.is_set()}
        return len(self._waiting) < self._limit

    def enter(self, stream: MediaStream, closed: trio.Event) -> None:
        self._waiting[stream] = closed

    def leave(self, stream: MediaStream) -> None:
        """It has started, or it is gone."""
        self._waiting.pop(stream, None)
