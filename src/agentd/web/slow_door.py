"""The media path through Quart: the same port, for an Upgrade that reached the HTTP server (DESIGN 3).

That happens when a proxy writes its request line in a way that the front does not recognise, or reuses a connection.
It costs several times the fast door, works the same, and is counted (`media_slow_door_total`).
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Final, Protocol

import trio

from agentd.media import Binary
from agentd.web.media_socket import UNSENT_CAP_BYTES

# Messages received and not yet read by the call: 10 s of audio. Beyond, the peer waits.
_INBOX: Final = 500
_CLOSE_S: Final = 1.0
_REST_S: Final = 0.02


class WebSocket(Protocol):
    """What is used of Quart's websocket."""

    async def receive(self) -> str | bytes: ...
    async def send(self, data: str) -> None: ...
    async def close(self, code: int, reason: str = "") -> None: ...


class SlowStream:
    """`agentd.media.MediaStream` over a Quart websocket. `serve` carries until the call has closed the stream."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._in: deque[bytes] = deque()
        self._out: deque[tuple[bytes, bool]] = deque()
        self._out_bytes = 0
        self._news = trio.lowlevel.ParkingLot()
        self._room = trio.lowlevel.ParkingLot()
        self._work = trio.lowlevel.ParkingLot()
        self._idle = trio.lowlevel.ParkingLot()
        self._sending = False
        self._gone = False
        self._closing: int | None = None
        self.closed = trio.Event()
        self.close_code: int | None = None
        self.close_reason = ""

    # --- the port

    async def receive(self) -> list[bytes] | None:
        while not self._in:
            if self._gone or self._closing is not None:
                await trio.lowlevel.checkpoint()
                return None
            await self._news.park()
        messages = list(self._in)
        self._in.clear()
        self._room.unpark_all()
        return messages

    def put(self, *messages: bytes, speech: bool = False) -> None:
        if self._gone or self._closing is not None:
            return
        self._out += [(message, speech) for message in messages]
        self._out_bytes += sum(map(len, messages))
        if self._out_bytes > UNSENT_CAP_BYTES:
            self._lose("unread")
        self._work.unpark_all()

    def drop_speech(self) -> int:
        kept = deque(entry for entry in self._out if not entry[1])
        dropped = len(self._out) - len(kept)
        self._out = kept
        self._out_bytes = sum(len(data) for data, _ in kept)
        return dropped

    async def flush(self) -> None:
        while (self._out or self._sending) and not self._gone:
            await self._idle.park()

    async def aclose(self, code: int = 1000) -> None:
        if self._closing is None:
            self._closing = code
            if self.close_code is None:
                self.close_code = code
            self._in.clear()
            self._news.unpark_all()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSE_S):
                await self.flush()
                self._work.unpark_all()
                if not self._gone:
                    await self.closed.wait()
            self._lose("closed")
        await trio.lowlevel.checkpoint_if_cancelled()

    # --- Quart's side

    async def serve(self) -> None:
        """Carry messages both ways until the call has closed. Cancelled when the peer is gone: the call then reads
        None, like from any other stream."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._carry_in)
                await self._carry_out()
                with trio.move_on_after(_CLOSE_S):
                    await self._websocket.close(self._closing or 1000)
                nursery.cancel_scope.cancel()
        finally:
            try:
                await self._take_the_rest()
            finally:
                self._lose("eof")
                self.closed.set()

    async def _carry_in(self) -> None:
        while True:
            self._arrive(await self._websocket.receive())
            while len(self._in) >= _INBOX:
                await self._room.park()

    def _arrive(self, message: str | bytes) -> None:
        self._in.append(message.encode() if isinstance(message, str) else Binary(message))
        self._news.unpark_all()

    async def _take_the_rest(self) -> None:
        """Quart cancels us at the peer's close, with the last messages (a `stop`) still in its hands: at most ten,
        ready at once. Newer Quarts say with an exception that there are no more."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _REST_S), suppress(Exception):  # boundary
            while self._closing is None and not self._gone:
                self._arrive(await self._websocket.receive())

    async def _carry_out(self) -> None:
        while self._out or (self._closing is None and not self._gone):
            if not self._out:
                self._idle.unpark_all()
                await self._work.park()
                continue
            message, _ = self._out.popleft()
            self._out_bytes -= len(message)
            self._sending = True
            try:
                await self._websocket.send(message.decode("utf-8", "replace"))
            finally:
                self._sending = False
        self._idle.unpark_all()

    def _lose(self, reason: str) -> None:
        if self._gone:
            return
        self._gone = True
        if self.close_code is None:
            self.close_code, self.close_reason = 1006, reason
        self._out.clear()
        self._out_bytes = 0
        for waiting in (self._news, self._room, self._work, self._idle):
            waiting.unpark_all()
