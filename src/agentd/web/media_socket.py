"""The media WebSocket on a socket of our own: synchronous out, one task in, hang-up as data.

The protocol is the `websockets` package's sans-I/O server; the socket is driven directly, because a frame through
trio's stream and an ASGI server costs several times more. Whole text messages, which is what a media stream is made of,
pass it by (`web.text_frames`); it gets everything else, in order, frame by frame. `put` sends at once and never blocks;
what the kernel does not take waits in a queue of whole messages, which is tried again with every message that comes in
(50 a second on a live stream) and by `flush`.
"""

from __future__ import annotations

import socket
from collections import Counter, deque
from contextlib import suppress
from itertools import islice
from typing import Final

import trio
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from agentd.media import Binary
from agentd.web.arrivals import Arrivals
from agentd.web.text_frames import frame_at, text_frame, text_in

# A small piece at a time: a megabyte of six-byte pings must not keep the other calls waiting (1-2 ms a piece).
_READ_BYTES: Final = 4096
_DRAIN_BYTES: Final = 65536
# A frame that claims more, header and all, is the protocol's to refuse before it is all there.
_FRAME_CAP_BYTES: Final = (1 << 16) + 14
# Messages in one system call.
_TOGETHER: Final = 16
# What a peer that never reads may leave unsent: over a minute of speech.
UNSENT_CAP_BYTES: Final = 1 << 20
# Pings, pongs and empty fragments carry nothing; Twilio sends next to none.
_IDLE_FRAMES: Final = 100
_IDLE_WINDOW_S: Final = 10.0
_CLOSE_S: Final = 1.0
# Bytes that the peer's kernel does not take for so long mean that it is gone (RELIABILITY 1).
_UNACKED_MS: Final = 5000


class MediaSocket:
    """`agentd.media.MediaStream` over a connected, non-blocking socket whose handshake is done.

    After `receive` has said None, `close_code` and `close_reason` tell why: the peer's close frame, our own
    (1009 too big, 1002 broken, 1008 flood), or 1006 with "reset", "eof" or "unread".
    """

    def __init__(self, sock: socket.socket, protocol: ServerProtocol, counts: Counter[str], arrivals: Arrivals) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKED_MS)
        self._sock = sock
        self._protocol = protocol
        self._counts = counts
        self._arrivals = arrivals
        self._partial = b""  # a frame that is not all there
        self._out: deque[tuple[bytes | memoryview, bool]] = deque()  # (bytes, may be dropped)
        self._out_bytes = 0
        self._end_after_out = False
        self._mute = False  # the peer takes nothing any more; what it sent before may still be read
        self._gone = False
        self._closing = False
        self._flushing = trio.Lock()
        self._messages: list[bytes] = []
        self._fragments: bytearray | None = None
        self._fragments_binary = False
        self._idle_frames = 0
        self._idle_since = trio.current_time()
        self.close_code: int | None = None
        self.close_reason = ""
        self.closed = trio.Event()

    # --- in

    async def receive(self) -> list[bytes] | None:
        """See the port. One task at a time."""
        while not self._messages:
            if self._gone or self._closing or self._protocol.state is not State.OPEN:
                self._remember_close()
                await trio.lowlevel.checkpoint()
                return None
            await self._arrivals.wait(self._sock)
            if not self._closing:
                self._read()
        messages, self._messages = self._messages, []
        return messages

    def _read(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._lose("reset")
            return
        if data:
            self.feed(data)
        else:
            self._protocol.receive_eof()
            self._lose("eof")

    def feed(self, data: bytes) -> None:
        """Bytes of the peer. Answers pings and the close at once; whole messages wait for `receive`."""
        if self._partial:
            data, self._partial = self._partial + data, b""
        at = 0
        while at < len(data):
            if self._protocol.state is not State.OPEN:
                self._hand_on(data[at:])
                break
            frame = frame_at(data, at)
            if frame.end > len(data) and frame.end - at <= _FRAME_CAP_BYTES:
                self._partial = data[at:]
                break
            if frame.plain and self._fragments is None:
                self._messages.append(text_in(data, frame))
            else:
                self._hand_on(data[at : frame.end])
            at = frame.end
        self._send_protocol()

    def _hand_on(self, data: bytes) -> None:
        """What is no plain message, to the protocol."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)

    def _take(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY:
                binary = frame.opcode is Opcode.BINARY
                if frame.fin:
                    self._messages.append(Binary(frame.data) if binary else bytes(frame.data))
                else:
                    self._fragments, self._fragments_binary = bytearray(frame.data), binary
            case Opcode.CONT if self._fragments is not None:
                if not frame.data:
                    self._count_idle_frame()
                self._fragments += frame.data
                if frame.fin:
                    self._messages.append(Binary(self._fragments) if self._fragments_binary else bytes(self._fragments))
                    self._fragments = None
            case Opcode.PING | Opcode.PONG:
                self._count_idle_frame()

    def _count_idle_frame(self) -> None:
        now = trio.current_time()
        if now - self._idle_since > _IDLE_WINDOW_S:
            self._idle_since, self._idle_frames = now, 0
        self._idle_frames += 1
        if self._idle_frames > _IDLE_FRAMES and self._protocol.state is State.OPEN:
            self._counts["media_flood_total"] += 1
            self._protocol.fail(CloseCode.POLICY_VIOLATION, "too many control frames")

    # --- out

    def put(self, *messages: bytes, speech: bool = False) -> None:
        """See the port."""
        if self._mute or self._closing or self._protocol.state is not State.OPEN:
            return
        for message in messages:
            self._queue(text_frame(message), speech)
        self._try_send()

    def drop_speech(self) -> int:
        """See the port. A message of which the kernel has a part is finished, not dropped."""
        kept = deque(entry for entry in self._out if not entry[1])
        dropped = len(self._out) - len(kept)
        self._out = kept
        self._out_bytes = sum(len(data) for data, _ in kept)
        return dropped

    async def flush(self) -> None:
        """See the port."""
        if not self._out:
            return
        async with self._flushing:
            while self._out and not self._gone and not self._closing:
                with suppress(trio.ClosedResourceError):  # `aclose` in another task
                    await trio.lowlevel.wait_writable(self._sock)
                    self._try_send()

    def _send_protocol(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._queue(data, speech=False)
            else:
                self._end_after_out = True
        self._try_send()

    def _queue(self, data: bytes, speech: bool) -> None:
        self._out.append((data, speech))
        self._out_bytes += len(data)

    def _try_send(self) -> None:
        if self._mute:
            self._forget_out()
            return
        try:
            while self._out:
                self._sent(self._sock.sendmsg([data for data, _ in islice(self._out, _TOGETHER)]))
            if self._end_after_out:
                self._end_after_out = False
                self._sock.shutdown(socket.SHUT_WR)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            # A peer that hangs up resets what we send afterwards. Its last words (a `stop`) are still in the kernel:
            # the receiver reads them, then finds the end for itself.
            self._forget_out()
        if self._out_bytes > UNSENT_CAP_BYTES:
            self._counts["media_unread_total"] += 1
            self._lose("unread")

    def _sent(self, count: int) -> None:
        """The kernel has taken so many bytes."""
        self._out_bytes -= count
        while count:
            data, _ = self._out.popleft()
            if count < len(data):
                self._out.appendleft((memoryview(data)[count:], False))
                return
            count -= len(data)

    # --- the end

    def _forget_out(self) -> None:
        self._mute = True
        self._out.clear()
        self._out_bytes = 0

    def _lose(self, reason: str) -> None:
        """The socket is of no more use. Shutting it down wakes whoever waits on it."""
        if self._gone:
            return
        self._gone = True
        if self.close_code is None and self._protocol.close_rcvd is None and self._protocol.close_sent is None:
            self.close_code, self.close_reason = CloseCode.ABNORMAL_CLOSURE, reason
        self._forget_out()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _remember_close(self) -> None:
        if self.close_code is None:
            close = self._protocol.close_rcvd or self._protocol.close_sent
            if close is not None:
                self.close_code, self.close_reason = close.code, close.reason

    async def aclose(self, code: int = 1000) -> None:
        """See the port. Says goodbye, waits for the echo for up to a second, and frees the socket even when
        cancelled. A receiver in another task is woken with None."""
        if self._closing:
            await trio.lowlevel.checkpoint()
            return
        self._closing = True
        self._messages.clear()
        self._remember_close()
        if self.close_code is None:
            self.close_code = code
        try:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSE_S):
                if not self._gone:
                    await self._say_goodbye(code)
        finally:
            self._arrivals.forget(self._sock)
            self._gone = True
            self._sock.close()
            self.closed.set()
        await trio.lowlevel.checkpoint_if_cancelled()

    async def _say_goodbye(self, code: int) -> None:
        """Close frame out, then read until the peer's echo or end: unread bytes would turn our close into a reset,
        and the peer would never see the code."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code)
            self._send_protocol()
        self._arrivals.forget(self._sock)  # a receiver or flusher in another task gives way
        while self._out and not self._gone:
            await trio.lowlevel.wait_writable(self._sock)
            self._try_send()
        while not self._gone and self._protocol.close_rcvd is None:
            await trio.lowlevel.wait_readable(self._sock)
            try:
                data = self._sock.recv(_DRAIN_BYTES)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError:
                return
            if not data:
                return
            self._protocol.receive_data(self._partial + data)
            self._partial = b""
            self._protocol.events_received()
