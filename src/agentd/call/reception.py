"""Before the call: a stream says who it is, within five seconds, or is closed (SPEC 1.9, 1.10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from agentd.core.media_stream import Reader, Start
from agentd.errors import PeerError
from agentd.facts import CallFacts
from agentd.media import Binary, MediaStream

MAX_EARLY_BAD = 20  # messages before `start` that make no sense; then it is no Twilio
NORMAL, GOING_AWAY, POLICY, INTERNAL_ERROR = 1000, 1001, 1008, 1011  # WebSocket close codes


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call may begin. `rest` arrived together with `start` and has not been read yet."""

    facts: CallFacts
    reader: Reader
    rest: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no call; `close` is the code for the socket. `start` if it came that far."""

    reason: str
    close: int
    start: Start | None = None


async def receive_start(media: MediaStream, admit: Callable[[Start], CallFacts], within_s: float) -> Admitted | Refused:
    """Read up to a valid `start`. `admit` raises `PeerError` for a stream that may not be served."""
    reader = Reader()
    bad = 0
    with trio.move_on_after(within_s):
        while (messages := await media.receive()) is not None:
            for i, message in enumerate(messages):
                try:
                    said = None if type(message) is Binary else reader.read(message)
                    if type(message) is Binary:
                        raise PeerError("binary")
                except PeerError:
                    bad += 1
                    if bad > MAX_EARLY_BAD:
                        return Refused("rubbish", POLICY)
                    continue
                if isinstance(said, Start):
                    try:
                        return Admitted(admit(said), reader, tuple(messages[i + 1 :]))
                    except PeerError as e:
                        return Refused(e.code, POLICY, said)
                elif said is not None:
                    return Refused("stopped", NORMAL)
        return Refused("gone", NORMAL)
    return Refused("no-start", POLICY)
