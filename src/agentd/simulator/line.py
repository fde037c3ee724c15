"""Twilio's side of one Media Stream as a pure machine: messages in and out, and the buffer that plays to the caller.

No clock, no socket: the time is an argument (seconds, any monotonic origin). What the other end may send, and what
becomes of it, follows TWILIO 1, 2 and 10; where Twilio's documents say nothing, the docstring says "assumed".
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from agentd.errors import PeerError
from agentd.media import Binary
from agentd.simulator.track import Track

FRAME_BYTES = 160
FRAME_S = 0.02
_TIMESTAMP_STEP_MS = 19.97  # the average step of captured streams
_MARK_DELAY_S = 0.034  # captured: the echo of a mark behind 1.000 s of audio came after 1.034 s
_DUST_S = 1e-6  # a clock that woke up for `next_due` may be a rounding error early

INVALID_MESSAGE = 31951
BINARY_MESSAGE = 31950

_SHAPES: dict[str, dict[str, Any]] = {
    "media": {"event": str, "streamSid": str, "media": {"payload": str}},
    "mark": {"event": str, "streamSid": str, "mark": {"name": str}},
    "clear": {"event": str, "streamSid": str},
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One message of the other end that was understood. kind: "media" (`audio` is mu-law), "mark" (`name`), "clear"."""

    at_s: float
    kind: str
    audio: bytes = b""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """An entry in Twilio's debugger: the error code, when, and why."""

    at_s: float
    code: int
    why: str


@dataclass(slots=True)
class _Mark:
    due_s: float
    name: str


def random_sid(prefix: str, rng: Random) -> str:
    """A name such as Twilio gives to a call (CA), a stream (MZ) or an account (AC)."""
    return prefix + "".join(rng.choices("0123456789abcdef", k=32))


@dataclass(slots=True)
class Line:
    """One stream, from `start` to `stop`. `seed` fixes the sids that are not given and the first timestamp.

    `agent` is what the caller really heard (cut where a `clear` cut it); `cleared` what a `clear` threw away, with the
    time; `warnings` the debugger's entries, each code once per stream.
    """

    seed: int = 0
    call_sid: str = ""
    stream_sid: str = ""
    account_sid: str = ""
    mark_delay_s: float = _MARK_DELAY_S
    agent: Track = field(default_factory=Track)
    cleared: list[tuple[float, bytes]] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    _sequence: int = 0
    _chunk: int = 0
    _frames: int = 0
    _first_timestamp_ms: int = 0
    _marks: deque[_Mark] = field(default_factory=deque)

    def __post_init__(self) -> None:
        rng = Random(self.seed)
        self.call_sid = self.call_sid or random_sid("CA", rng)
        self.stream_sid = self.stream_sid or random_sid("MZ", rng)
        self.account_sid = self.account_sid or random_sid("AC", rng)
        self._first_timestamp_ms = rng.randint(50, 200)

    # --- what Twilio sends

    def connected(self) -> bytes:
        return msgspec.json.encode({"event": "connected", "protocol": "Call", "version": "1.0.0"})

    def start(self, parameters: Mapping[str, str] | None = None) -> bytes:
        body = {
            "accountSid": self.account_sid,
            "streamSid": self.stream_sid,
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(parameters or {}),
        }
        return self._numbered("start", "start", body)

    def media(self, mulaw: bytes) -> bytes:
        """One frame of the caller; built by hand, as a call has 50 a second."""
        self._sequence += 1
        self._chunk += 1
        stamp = self._first_timestamp_ms + round(self._frames * _TIMESTAMP_STEP_MS)
        self._frames += 1
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound","chunk":"{self._chunk}",'
            f'"timestamp":"{stamp}","payload":"{b2a_base64(mulaw, newline=False).decode()}"}},'
            f'"streamSid":"{self.stream_sid}"}}'
        ).encode()

    def skip(self, frames: int = 1) -> None:
        """Frames that were never sent (lost on the way, or discarded by Twilio): time goes on, `chunk` does not
        (assumed)."""
        self._frames += frames

    def dtmf(self, digit: str) -> bytes:
        return self._numbered("dtmf", "dtmf", {"track": "inbound_track", "digit": digit})

    def stop(self) -> bytes:
        return self._numbered("stop", "stop", {"accountSid": self.account_sid, "callSid": self.call_sid})

    # --- what Twilio takes

    def receive(self, message: bytes, now: float) -> Taken | None:
        """One message of the other end. None: refused; `warnings` says why, and nothing else happens."""
        try:
            taken = self._parse(message, now)
        except PeerError as refused:
            code, why = int(refused.code), str(refused).removeprefix(f"{refused.code}: ")
            if all(w.code != code for w in self.warnings):
                self.warnings.append(Warned(now, code, why))
            return None
        if taken.kind == "media":
            self.agent.add(now, taken.audio)
        elif taken.kind == "mark":
            # Behind what is queued; on an empty buffer at once (assumed), as early as the network allows.
            self._marks.append(_Mark(max(now, self.agent.end_s) + self.mark_delay_s, taken.name))
        else:
            dropped = self.agent.cut(now)
            if dropped:
                self.cleared.append((now, dropped))
            for mark in self._marks:
                mark.due_s = now
        return taken

    def due(self, now: float) -> list[bytes]:
        """The mark messages to send by `now`: those whose audio has been played, or dropped by a `clear`."""
        out = []
        while self._marks and self._marks[0].due_s <= now + _DUST_S:
            out.append(self._numbered("mark", "mark", {"name": self._marks.popleft().name}))
        return out

    def next_due(self) -> float | None:
        """When `due` will have something; None: not before another message comes in."""
        return self._marks[0].due_s if self._marks else None

    def unplayed_s(self, now: float) -> float:
        """How much audio is still queued for the caller."""
        return max(0.0, self.agent.end_s - now)

    def _parse(self, message: bytes, now: float) -> Taken:
        """Raises `PeerError`, its code being the number in Twilio's debugger."""
        if isinstance(message, Binary):
            raise _refused("binary message", BINARY_MESSAGE)
        try:
            data = msgspec.json.decode(message)
        except (msgspec.DecodeError, RecursionError) as e:
            raise _refused("not JSON") from e
        kind = data.get("event") if isinstance(data, dict) else None
        shape = _SHAPES.get(kind) if isinstance(kind, str) else None
        if shape is None or not isinstance(kind, str):
            raise _refused(f"unknown event {kind!r}")
        if not _fits(data, shape):
            raise _refused(f"{kind}: wrong, missing or extra fields")
        if data["streamSid"] != self.stream_sid:
            raise _refused(f"{kind}: wrong streamSid")
        if kind == "mark":
            return Taken(now, kind, name=data["mark"]["name"])
        if kind == "clear":
            return Taken(now, kind)
        try:
            return Taken(now, kind, audio=a2b_base64(data["media"]["payload"], strict_mode=True))
        except ValueError as e:  # binascii's own error is one
            raise _refused("media: payload is not base64") from e

    def _numbered(self, event: str, key: str, body: Mapping[str, object]) -> bytes:
        self._sequence += 1
        return msgspec.json.encode(
            {"event": event, "sequenceNumber": str(self._sequence), key: body, "streamSid": self.stream_sid}
        )


def _refused(why: str, code: int = INVALID_MESSAGE) -> PeerError:
    return PeerError(str(code), why)


def _fits(data: dict[str, Any], shape: dict[str, Any]) -> bool:
    """Exactly these keys with these types, nothing more and nothing less."""
    return data.keys() == shape.keys() and all(
        _fits(data[key], want) if isinstance(want, dict) and isinstance(data[key], dict) else type(data[key]) is want
        for key, want in shape.items()
    )
