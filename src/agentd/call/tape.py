"""The event tape: each call emits on its own, synchronously; the house hands them to its subscribers.

    call.emit(event) -> Tape (adds call, time, frame, number) -> Bus -> one bounded queue per subscriber -> its task

Nothing here ever waits. A subscriber that cannot keep up loses events, which are counted; the call does not notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

from agentd.call.contain import contain
from agentd.errors import PluginFailed
from agentd.events import Event, PluginFailure, Recorded
from agentd.facts import CallFacts
from agentd.hookspecs import Subscriber

DRAIN_S = 1.0  # at the very end
QUEUE = 10_000  # events a subscriber may be behind: a minute of a hundred busy calls
AT_ONCE = 20  # events in one task step of a subscriber: waiting for each costs more than most do with it


class _Line:
    """One subscriber's queue."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        self.dropped = 0
        self._send, self._receive = trio.open_memory_channel[Recorded](QUEUE)

    def put(self, recorded: Recorded) -> None:
        try:
            self._send.send_nowait(recorded)
        except (trio.WouldBlock, trio.BrokenResourceError, trio.ClosedResourceError):
            self.dropped += 1

    def close(self) -> None:
        self._send.close()

    async def run(self, bus: Bus) -> None:
        with self._receive:
            try:
                await contain(self.subscriber.name, self.subscriber.run, _Reading(self._receive))
            except PluginFailed as e:
                bus.house(PluginFailure(plugin=self.subscriber.name, error=repr(e.cause)))


class _Reading:
    """A queue as its subscriber reads it: what is there comes without waiting, but for every twentieth."""

    def __init__(self, queue: trio.MemoryReceiveChannel[Recorded]) -> None:
        self._queue, self._at_once = queue, 0

    def __aiter__(self) -> _Reading:
        return self

    async def __anext__(self) -> Recorded:
        if self._at_once < AT_ONCE:
            self._at_once += 1
            try:
                return self._queue.receive_nowait()
            except trio.WouldBlock:
                pass
            except trio.EndOfChannel:
                raise StopAsyncIteration from None
        self._at_once = 0
        return await self._queue.__anext__()


class Bus:
    """All subscribers of the house. `run` is one of its tasks; `close` lets them finish what is queued."""

    def __init__(self, subscribers: Iterable[Subscriber] = (), now: Callable[[], float] = trio.current_time) -> None:
        self._lines = [_Line(s) for s in subscribers]
        self._now = now
        self._began = now()
        self._seq = 0
        self._done = trio.Event()

    @property
    def dropped(self) -> int:
        """Events that some subscriber never saw."""
        return sum(line.dropped for line in self._lines)

    def publish(self, recorded: Recorded) -> None:
        for line in self._lines:
            line.put(recorded)

    def house(self, event: Event) -> None:
        """An event of no call."""
        self._seq += 1
        self.publish(Recorded("", 0, self._seq, round((self._now() - self._began) * 1000), 0, event))

    def close(self) -> None:
        """No more events; subscribers read what is queued."""
        for line in self._lines:
            line.close()

    async def aclose(self) -> None:
        """`close`, and wait for the subscribers: a second at most, whoever cancels."""
        self.close()
        with trio.CancelScope(shield=True, relative_deadline=DRAIN_S):
            await self._done.wait()

    async def run(self) -> None:
        """Until `close`, and all is read."""
        try:
            async with trio.open_nursery() as nursery:
                for line in self._lines:
                    nursery.start_soon(line.run, self)
        finally:
            self._done.set()


class Tape:
    """One call's tape. `frame` is counted up by the ears."""

    def __init__(self, facts: CallFacts, bus: Bus, now: Callable[[], float]) -> None:
        self._facts, self._bus, self._now = facts, bus, now
        self._began = now()
        self._seq = 0
        self.frame = 0

    def age_s(self) -> float:
        return self._now() - self._began

    def emit(self, event: Event) -> None:
        self._seq += 1
        at_ms = round(self.age_s() * 1000)
        self._bus.publish(Recorded(self._facts.call_sid, self._facts.generation, self._seq, at_ms, self.frame, event))
