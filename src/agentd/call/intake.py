"""A call's audio on its way to a recogniser, without a task in between where none is needed.

A recogniser reads its audio from a channel, in a task of its own. A chain of recognisers does nothing with a piece but
note it and hand it on, which takes no waiting: it has the pieces poured into a function instead, in the writer's own
task step. At 100 calls that saves a thousand task switches a second.

| the reader ...   | a piece that is put                                            |
|------------------|----------------------------------------------------------------|
| reads, or comes  | waits in the queue; none more than `limit`                     |
| pours            | is taken at once, after what was queued                        |
| pours no more    | waits in the queue again, for whoever reads next               |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import trio
from trio.abc import ReceiveChannel

T = TypeVar("T")


class Intake(Generic[T]):
    """The writer's end, for the whole call; readers come and go, one at a time."""

    def __init__(self, limit: int) -> None:
        self._send, self._receive = trio.open_memory_channel[T](limit)
        self._take: Callable[[T], None] | None = None
        self._end: Callable[[], None] | None = None

    def put_nowait(self, item: T) -> None:
        """Raises `trio.WouldBlock` when the queue is full, `trio.BrokenResourceError` after `no_more_readers`. What a
        pouring reader raises comes out here."""
        if self._take is not None:
            self._take(item)
        else:
            self._send.send_nowait(item)

    def close(self) -> None:
        """There is no more; readers come to the end once they have what is queued."""
        self._send.close()
        if self._end is not None:
            self._end()

    def no_more_readers(self) -> None:
        self._receive.close()

    def reader(self) -> Reader[T]:
        return Reader(self, self._receive.clone())


class Reader(ReceiveChannel[T]):
    """A channel to read from; or to pour, see `poured`. Closing it does nothing to the next reader."""

    def __init__(self, intake: Intake[T], channel: trio.MemoryReceiveChannel[T]) -> None:
        self._intake, self._channel = intake, channel

    async def receive(self) -> T:
        return await self._channel.receive()

    async def aclose(self) -> None:
        await self._channel.aclose()

    @contextmanager
    def poured(self, take: Callable[[T], None], end: Callable[[], None]) -> Iterator[None]:
        """Inside this block every item goes to `take`, and its end to `end`, synchronously."""
        try:
            while True:
                take(self._channel.receive_nowait())
        except trio.WouldBlock:
            self._intake._take, self._intake._end = take, end
        except trio.EndOfChannel:
            end()
        try:
            yield
        finally:
            self._intake._take = self._intake._end = None


@contextmanager
def poured(
    channel: ReceiveChannel[T], take: Callable[[T], None], end: Callable[[], None], nursery: trio.Nursery
) -> Iterator[None]:
    """The same for any channel: one that cannot be poured is read by a task in `nursery`, which ends with it."""
    if isinstance(channel, Reader):
        with channel.poured(take, end):
            yield
        return

    async def read() -> None:
        async for item in channel:
            take(item)
        end()

    nursery.start_soon(read)
    yield
