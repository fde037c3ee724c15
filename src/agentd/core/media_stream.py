"""Twilio Media Streams as data: messages in, messages out, and the order in which they may come (TWILIO 1, 2).

| seen so far | connected | start   | media, dtmf, mark | stop   |
|-------------|-----------|---------|-------------------|--------|
| nothing     | greeted   | started | refused           | ended  |
| greeted     | greeted   | started | refused           | ended  |
| started     | refused   | refused | taken             | ended  |
| ended       | refused   | refused | refused           | refused|

"Refused" is counted as bad input and does nothing else. Unknown events are ignored, as the protocol asks.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from agentd.errors import PeerError

FRAME_MS = 20
FRAME_BYTES = 160
SILENCE = b"\xff" * FRAME_BYTES


class _Media(msgspec.Struct):
    payload: bytes
    timestamp: str = "0"


class _Named(msgspec.Struct):
    name: str


class _Digit(msgspec.Struct):
    digit: str


class _Start(msgspec.Struct):
    callSid: str
    streamSid: str
    accountSid: str = ""
    customParameters: dict[str, str] = msgspec.field(default_factory=dict)


class _Message(msgspec.Struct):
    event: str
    streamSid: str = ""
    media: _Media | None = None
    mark: _Named | None = None
    dtmf: _Digit | None = None
    start: _Start | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """The stream has begun; `parameters` are the TwiML's, still to be trusted (SPEC 1.10)."""

    call_sid: str
    stream_sid: str
    account_sid: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


class Media(msgspec.Struct, frozen=True, gc=False):
    """Audio of the caller: mu-law, 8 kHz, normally one frame of 160 bytes. `timestamp_ms` from the stream's start."""

    payload: bytes
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Digit:
    digit: str


@dataclass(frozen=True, slots=True)
class Mark:
    name: str


class Stop(Enum):
    """The caller hung up, or Twilio ended the stream."""

    STOP = "stop"


Input = Start | Media | Digit | Mark | Stop

_decode = msgspec.json.Decoder(_Message).decode


class Reader:
    """Decodes what Twilio sends, in the order of the table above. Raises `PeerError` for what must be counted."""

    def __init__(self) -> None:
        self._stream_sid: str | None = None
        self._ended = False

    def read(self, message: bytes) -> Input | None:
        """One message. None: nothing to do (`connected`, an event we do not know).

        `PeerError.code`: "json" (not JSON, or not of Twilio's shape; bad base64 is this too), "order", "stream-sid",
        "timestamp".
        """
        try:
            m = _decode(message)
        except (msgspec.DecodeError, RecursionError) as e:
            raise PeerError("json") from e
        if m.media is not None and m.event == "media":  # first: all but a few messages are this
            self._check(m)
            try:
                return Media(m.media.payload, int(m.media.timestamp))
            except ValueError as e:
                raise PeerError("timestamp") from e
        match m.event:
            case "mark" if m.mark is not None:
                self._check(m)
                return Mark(m.mark.name)
            case "dtmf" if m.dtmf is not None:
                self._check(m)
                return Digit(m.dtmf.digit)
            case "start" if m.start is not None:
                if self._stream_sid is not None or self._ended:
                    raise PeerError("order", "second start")
                self._stream_sid = m.start.streamSid
                return Start(m.start.callSid, m.start.streamSid, m.start.accountSid, m.start.customParameters)
            case "stop":
                if self._ended:
                    raise PeerError("order", "second stop")
                self._ended = True
                return Stop.STOP
            case "connected":
                if self._stream_sid is not None:
                    raise PeerError("order", "connected after start")
                return None
            case "media" | "mark" | "dtmf" | "start":
                raise PeerError("json", f"{m.event} without its body")
            case _:
                return None

    def _check(self, m: _Message) -> None:
        if self._stream_sid is None or self._ended:
            raise PeerError("order", f"{m.event} outside the stream")
        if m.streamSid != self._stream_sid:
            raise PeerError("stream-sid")


class Writer:
    """Encodes what we send. The prefixes are made once per stream: a frame costs one base64 and two joins."""

    def __init__(self, stream_sid: str) -> None:
        sid = msgspec.json.encode(stream_sid)
        self._media = b'{"event":"media","streamSid":' + sid + b',"media":{"payload":"'
        self._mark = b'{"event":"mark","streamSid":' + sid + b',"mark":{"name":'
        self.clear = b'{"event":"clear","streamSid":' + sid + b"}"

    def media(self, mulaw: bytes) -> bytes:
        return self._media + b2a_base64(mulaw, newline=False) + b'"}}'

    def audio(self, message: bytes) -> bytes:
        """The mu-law in a media message of ours; b"" for any other."""
        return a2b_base64(message[len(self._media) : -3]) if message.startswith(self._media) else b""

    def mark(self, name: str) -> bytes:
        return self._mark + msgspec.json.encode(name) + b"}}"
