"""Streams to Google for all calls of the process: one side loop, few channels, one stream an object used from trio.

`grpc.aio` lives on the loop of `side_loop()`, whatever the number of calls. A channel is one HTTP/2 connection, and a
server lets it have about a hundred streams; those above stall without a word. So a channel is given at most
`MOST_STREAMS`, and then there is another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar, cast

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]

from agentd.call.streams import SideLoop
from agentd.errors import EngineError
from agentd_google.status import NAME, failure

T = TypeVar("T")

WRITE_FAILED = (
    grpc.StatusCode.INTERNAL,
    "Internal error from Core",
)  # grpc.aio, of a write that came too late
MOST_STREAMS = 80  # a channel; Google's limit is 100
OPTIONS = (
    # Or channels to one address share one connection, and with it the limit.
    ("grpc.use_local_subchannel_pool", 1),
    # A connection that died unseen is found in 15 s at the latest, not by TCP in minutes.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)
Metadata = tuple[tuple[str, str], ...]


@cache
def side_loop() -> SideLoop:
    """The one thread of this plugin."""
    # A message that cannot be read is counted by whoever reads the stream; gRPC logs a traceback for each.
    logging.getLogger("grpc._common").setLevel(logging.CRITICAL)
    return SideLoop("agentd-google")


class Pool:
    """The channels to one service. `connect` makes another transport of the service, on the side loop."""

    def __init__(self, connect: Callable[[], Any], most_streams: int = MOST_STREAMS) -> None:
        self._connect, self._most_streams = connect, most_streams
        self._seats: list[_Seat] = []
        self.loop = side_loop()

    async def stream(self, method: Callable[[Any], Any], metadata: Metadata, opening: Any) -> Stream:
        """Open a stream of `method(transport)` and send its first message. Returns when that is on its way, so the
        connection stands; raises `EngineError`. A cancel closes it. Whoever gets it calls `close`."""
        return Stream(self.loop, await self.loop.run(self._open, method, metadata, opening))

    async def ask(self, method: Callable[[Any], Any], request: Any, metadata: Metadata = ()) -> Any:
        """One request, one answer. Raises `EngineError`; a cancel cancels it at Google's, too."""
        return await self.loop.run(self._ask, method, request, metadata)

    async def aclose(self) -> None:
        """Close the channels; streams still open end with an error."""
        await self.loop.run(self._close)

    async def _open(self, method: Callable[[Any], Any], metadata: Metadata, opening: Any) -> _Call:
        seat = self._take()
        call = _Call(method(seat.transport)(metadata=metadata), seat)
        try:
            if not await call.write(opening):
                raise await call.failure() or EngineError("Google ends the stream at once", retryable=True, engine=NAME)
        except BaseException:  # boundary: whatever it was, the stream is cancelled, and it goes on
            call.rpc.cancel()
            raise
        return call

    async def _ask(self, method: Callable[[Any], Any], request: Any, metadata: Metadata) -> Any:
        seat = self._take()
        try:
            return await method(seat.transport)(request, metadata=metadata)
        except grpc.aio.AioRpcError as e:
            raise failure(e.code(), e.details()) from e
        finally:
            seat.leave()

    def _take(self) -> _Seat:
        seat = next((seat for seat in self._seats if seat.taken < self._most_streams), None)
        if seat is None:
            seat = _Seat(self._connect())
            self._seats.append(seat)
        seat.taken += 1
        return seat

    async def _close(self) -> None:
        for seat in self._seats:
            await seat.transport.grpc_channel.close()
        self._seats.clear()


class _Seat:
    """A transport, and how many streams it has. Belongs to the side loop."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.taken = 0

    def leave(self, _: object = None) -> None:
        self.taken -= 1


class _Call:
    """An RPC and the first status it got. Belongs to the side loop.

    grpc.aio forgets: a write that fails because Google has just ended the stream puts INTERNAL in the place of Google's
    own status (grpc issue 36066; nearly every time, when we tried). The callback runs before that, but on a busy
    machine not always: then nobody knows the status any more, and the stream has merely ended. Whatever is wrong is
    met by the next one.
    """

    def __init__(self, rpc: Any, seat: _Seat) -> None:
        self.rpc, self._seat = rpc, seat
        self._status: tuple[Any, str | None] | None = None
        rpc.add_done_callback(self._done)

    def _done(self, _: object) -> None:
        self._seat.leave()
        self._status = (_now(self.rpc.code()), _now(self.rpc.details()))

    async def write(self, message: Any) -> bool:
        try:
            await self.rpc.write(message)
        except (grpc.RpcError, asyncio.InvalidStateError):
            return False
        return True

    async def finish(self) -> None:
        with suppress(grpc.RpcError, asyncio.InvalidStateError):
            await self.rpc.done_writing()

    async def read(self) -> Any:
        try:
            message = await self.rpc.read()
        except grpc.aio.AioRpcError:
            error = await self.failure()
        else:
            if message is not grpc.aio.EOF:
                return message
            error = await self.failure()
        if error is None:
            return Stream.END
        raise error

    async def failure(self) -> EngineError | None:
        """Why it ended; None: rightly."""
        code, details = self._status or (await self.rpc.code(), await self.rpc.details())
        if code is grpc.StatusCode.OK or (code, details) == WRITE_FAILED:
            return None
        return failure(code, details)


def _now(answer: Coroutine[Any, Any, T]) -> T | None:
    """What a coroutine that need not wait returns; None from one that would."""
    try:
        answer.send(None)
    except StopIteration as ended:
        return cast("T", ended.value)
    answer.close()
    return None


class Stream:
    """One bidirectional stream. Each method is used by one task at a time; sending and receiving may go on at once.
    A cancel of either closes the stream."""

    END = object()

    def __init__(self, loop: SideLoop, call: _Call) -> None:
        self._loop, self._call = loop, call

    async def send(self, message: Any) -> bool:
        """False when the stream has ended: `receive` knows why. Waits while the peer does not read."""
        return await self._loop.run(self._call.write, message)

    async def finish(self) -> None:
        """No more will be sent."""
        await self._loop.run(self._call.finish)

    async def receive(self) -> Any:
        """A message; None for one that cannot be read; `END`. Raises `EngineError`. Nothing is read ahead."""
        return await self._loop.run(self._call.read)

    def close(self) -> None:
        """Cancel what is left of it, soon; never waits, and does nothing when it has ended."""
        self._loop.post(self._call.rpc.cancel)
