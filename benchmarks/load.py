"""Many simulated calls from one core: frames made once, sockets driven directly, so that the daemon is the bottleneck.

Each caller speaks for 1.2 s, hears the answer, and every third time talks over it after a second. What is measured is
what a caller would notice: from the last voiced frame sent to the first audible frame received, and from the first
voiced frame of an interruption to `clear`.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from dataclasses import dataclass, field
from random import Random

import trio

from agentd.simulator.line_sounds import frames, line_noise
from agentd.testing.sounds import voice

FRAME_S = 0.02
VOICED = frames(voice(1.2, rms=4000))  # a quarter of our own level is still under its dips (ECHO_FACTOR)
NOISE = frames(line_noise(1))


@dataclass
class Seen:
    """What all callers saw."""

    answers_s: list[float] = field(default_factory=list)
    barge_ins_s: list[float] = field(default_factory=list)
    late_audio: int = 0  # audible frames of the old turn after its `clear`
    refused: int = 0
    unanswered: int = 0
    call_s: float = 0.0  # seconds of calls, all together
    late_sends: int = 0  # our own pacing: frames that left more than 20 ms late


def _client_frame(text: bytes) -> bytes:
    """A text frame, masked with zeros: legal, and free."""
    n = len(text)
    head = bytes([0x81, 0x80 | n]) if n < 126 else bytes([0x81, 0x80 | 126]) + n.to_bytes(2, "big")
    return head + b"\0\0\0\0" + text


class LoadCall:
    """One call. `step` sends the frame that is due and reads what has come."""

    def __init__(self, number: int, seen: Seen, rng: Random) -> None:
        self.sid, self.number, self.seen = f"MZ{number:032x}", number, seen
        self.sock = socket.socket()
        self.inbox = bytearray()
        self.sent = 0
        self.turn = 0
        self.plan: list[bytes] = [*NOISE[: rng.randrange(20, 220)]]
        self.last_voiced_s: float | None = None
        self.onset_s: float | None = None
        self.cleared = False
        self.agent_from_s: float | None = None
        self.speaking_over = False
        self.heard_s = 0.0
        self.rng = rng
        self.thinks_s = 0.6  # before it speaks again: another time each turn, or all calls would take theirs in step
        self.open = False

    async def connect(self, host: str, port: int) -> None:
        self.sock.setblocking(False)
        await trio.socket.from_stdlib_socket(self.sock.dup()).connect((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.send(
            f"GET /ws/twilio-media HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            await trio.lowlevel.wait_readable(self.sock)
            head += self.sock.recv(4096)
        if b" 101 " not in head:
            self.seen.refused += 1
            return
        self.open = True
        call = f"CA{self.number:032x}"
        self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": "AC" + "1" * 32,
            "streamSid": self.sid,
            "callSid": call,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"call_sid": call, "from": f"+97250{self.number:07d}", "to": "+97231234567"},
        }
        self._send({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": self.sid})

    def step(self, now: float) -> None:
        """Every 20 ms."""
        self._read(now)
        if not self.plan:
            self._plan(now)
        frame = self.plan.pop(0) if self.plan else NOISE[self.sent % len(NOISE)]
        self.sent += 1
        at = self.sent * 20
        payload = base64.b64encode(frame).decode()
        self._raw(
            f'{{"event":"media","sequenceNumber":"{self.sent + 1}","media":{{"track":"inbound","chunk":"{self.sent}",'
            f'"timestamp":"{at}","payload":"{payload}"}},"streamSid":"{self.sid}"}}'.encode()
        )
        if frame is VOICED[-1]:
            self.last_voiced_s = now
            self.agent_from_s = None
        if self.speaking_over and frame is VOICED[0]:
            self.onset_s = now

    def _plan(self, now: float) -> None:
        """What the caller does next, once what was planned has been said."""
        quiet = now - self.heard_s > self.thinks_s
        if self.last_voiced_s is None and self.sent > 50 and quiet:
            self.turn += 1
            self.speaking_over = self.cleared = False
            self.thinks_s = self.rng.uniform(0.6, 1.6)
            self.plan = list(VOICED)
        elif self.agent_from_s is not None and self.turn % 3 == 0 and now - self.agent_from_s > 1.0:
            self.turn += 1
            self.speaking_over, self.cleared = True, False
            self.plan = list(VOICED)
        elif self.last_voiced_s is not None and now - self.last_voiced_s > 10:
            self.seen.unanswered += 1
            self.last_voiced_s = None
        elif self.agent_from_s is not None and quiet:
            self.last_voiced_s = self.agent_from_s = None

    def _read(self, now: float) -> None:
        try:
            self.inbox += self.sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            self.open = False
            return
        while len(self.inbox) >= 2:
            length, at = self.inbox[1] & 127, 2
            if length == 126:
                length, at = int.from_bytes(self.inbox[2:4], "big"), 4
            if len(self.inbox) < at + length:
                return
            text = bytes(self.inbox[at : at + length])
            del self.inbox[: at + length]
            self._message(text, now)

    def _message(self, text: bytes, now: float) -> None:
        if text.startswith(b'{"event":"media"'):
            payload = text[text.index(b'"payload":"') + 11 : -3]
            if payload.strip(b"/=") not in (b"", b"w"):
                self._audible(now)
        elif text.startswith(b'{"event":"mark"'):
            message = json.loads(text)
            self._send({"event": "mark", "sequenceNumber": "1", "streamSid": self.sid, "mark": message["mark"]})
        elif text.startswith(b'{"event":"clear"'):
            self.cleared = True
            if self.onset_s is not None:
                self.seen.barge_ins_s.append(now - self.onset_s)
                self.onset_s = None

    def _audible(self, now: float) -> None:
        self.heard_s = now
        if self.speaking_over and self.cleared and self.plan:
            self.seen.late_audio += 1
        if self.last_voiced_s is not None and self.agent_from_s is None and not self.plan:
            self.agent_from_s = now
            self.seen.answers_s.append(now - self.last_voiced_s)

    def _send(self, message: dict[str, object]) -> None:
        self._raw(json.dumps(message).encode())

    def _raw(self, text: bytes) -> None:
        try:
            self.sock.send(_client_frame(text))
        except OSError:
            self.open = False

    def close(self) -> None:
        self.sock.close()


async def run_calls(address: str, calls: int, seconds: float, arrive_s: float = 0.0, seed: int = 1) -> Seen:
    """`calls`, which come one after the other within `arrive_s` and then are there together for `seconds`; they end
    together. Bounded by itself."""
    host, _, port = address.rpartition(":")
    seen, rng = Seen(), Random(seed)
    live = [LoadCall(i + 1, seen, rng) for i in range(calls)]
    began = time.perf_counter()
    tick = 0
    # spread over the 20 ms, as real callers are
    order = [(i / calls * FRAME_S, call) for i, call in enumerate(live)]
    come = 0
    while time.perf_counter() - began < arrive_s + seconds:
        while come < calls and time.perf_counter() - began >= come * arrive_s / calls:
            await live[come].connect(host, int(port))
            come += 1
        for offset, call in order[:come]:
            due = began + tick * FRAME_S + offset
            wait = due - time.perf_counter()
            if wait > 0.0005:
                await trio.sleep(wait)
            elif wait < -FRAME_S:
                seen.late_sends += 1
            if call.open:
                call.step(time.perf_counter())
        tick += 1
    for call in live:
        call.close()
    seen.call_s = calls * (arrive_s / 2 + seconds)
    return seen
