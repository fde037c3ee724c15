"""The house's tape: who reads it, how much at once, and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import trio
from trio.testing import wait_all_tasks_blocked

from agentd.call.tape import AT_ONCE, Bus
from agentd.events import Recorded, WsMedia


class Reader:
    name = "reader"

    def __init__(self) -> None:
        self.read: list[int] = []

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        async for recorded in tape:
            self.read.append(recorded.seq)


async def test_a_subscriber_reads_everything_in_order_to_the_end() -> None:
    reader = Reader()
    bus = Bus([reader])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bus.run)
        for burst in (1, 3 * AT_ONCE, 0, 5):
            for _ in range(burst):
                bus.house(WsMedia(rx=1))
            await wait_all_tasks_blocked()
        bus.house(WsMedia(rx=1))
        bus.close()
    assert reader.read == list(range(1, 3 * AT_ONCE + 8))


async def test_a_subscriber_with_much_to_read_lets_the_others_run() -> None:
    reader, seen = Reader(), list[int]()
    bus = Bus([reader])
    for _ in range(5 * AT_ONCE):
        bus.house(WsMedia(rx=1))

    async def other() -> None:
        while len(reader.read) < 5 * AT_ONCE:
            seen.append(len(reader.read))
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bus.run)
        nursery.start_soon(other)
        await wait_all_tasks_blocked()
        bus.close()
    assert max(b - a for a, b in pairwise(seen)) <= 2 * (AT_ONCE + 1)  # last in one pass, first in the next


async def test_a_subscriber_that_fails_is_told_to_the_others_and_its_events_are_counted_as_dropped() -> None:
    class Broken:
        name = "broken"

        async def run(self, tape: AsyncIterator[Recorded]) -> None:
            raise ValueError

    reader = Reader()
    bus = Bus([Broken(), reader])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bus.run)
        await wait_all_tasks_blocked()
        bus.house(WsMedia(rx=1))
        await wait_all_tasks_blocked()
        bus.close()
    assert len(reader.read) == 2  # the failure, and what came after it
    assert bus.dropped >= 1
