"""The writer behind the tapes, in virtual time: batches, a database that goes away and comes back, the end."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock

from agentd.events import CallEnded, Private, Recorded, WsMedia, WsStart
from agentd.storage import Change, StoreError
from agentd.store.writer import BATCH, PENDING, StoreSubscriber

START = WsStart(stream_sid="MZ1", mode="AI", caller=Private("+972501234567"), called="+97237654321")


def begun(number: int) -> Recorded:
    return Recorded(f"CA{number}", 1, 1, 0, 0, START)


class Flaky:
    """A store whose database can be taken away: `trouble` is the reason why nothing can be written, "" when it can.
    `slow_s`: what a write takes. `written`: what was committed."""

    def __init__(self) -> None:
        self.written: list[Change] = []
        self.trouble = ""
        self.slow_s = 0.0
        self.tries = 0

    async def write(self, changes: Sequence[Change]) -> int:
        self.tries += 1
        changes = list(changes)
        if self.slow_s:
            with trio.CancelScope(shield=True):  # as a thread that is not abandoned
                await trio.sleep(self.slow_s)
        if self.trouble:
            raise StoreError(self.trouble)
        self.written += changes
        return 0


class Bench:
    """A subscriber on a flaky store, with a tape that the test writes."""

    def __init__(self, pending: int = PENDING) -> None:
        self.store = Flaky()
        self.subscriber = StoreSubscriber(self.store, lambda: 1000 + trio.current_time(), pending)
        self.tape, self._tape = trio.open_memory_channel[Recorded](100_000)

    async def run(self) -> None:
        await self.subscriber.run(self._tape)

    def begin(self, *numbers: int) -> None:
        for number in numbers:
            self.tape.send_nowait(begun(number))

    def kept(self) -> list[str]:
        return [change.call_sid for change in self.store.written]


@pytest.fixture
def autojump_clock() -> MockClock:
    return MockClock(autojump_threshold=0)


async def test_events_are_written_in_order_in_few_transactions_soon_after(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        for number in range(100):
            bench.begin(number)
            bench.tape.send_nowait(Recorded(f"CA{number}", 1, 2, 0, 0, WsMedia(rx=50)))
            await trio.sleep(0.05)
        await trio.sleep(0.6)
        assert bench.kept() == [f"CA{n}" for n in range(100)]
        assert bench.store.tries <= 12
        assert (bench.subscriber.healthy, bench.subscriber.pending) == (True, 0)
        bench.tape.close()


async def test_a_database_that_is_gone_costs_nothing_that_fits_and_all_is_caught_up(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        bench.begin(1)
        await trio.sleep(1)
        bench.store.trouble = "database or disk is full"
        for number in range(2, 1202):
            bench.begin(number)
            await trio.sleep(0.5)
        assert (bench.subscriber.healthy, bench.subscriber.reason) == (False, "database or disk is full")
        assert bench.subscriber.pending == 1200
        assert bench.store.tries < 200
        bench.store.trouble = ""
        await trio.sleep(10)
        assert bench.kept() == [f"CA{n}" for n in range(1, 1202)]
        assert (bench.subscriber.healthy, bench.subscriber.lost) == (True, 0)
        bench.tape.close()
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


async def test_what_does_not_fit_is_counted_and_what_was_there_first_is_kept(autojump_clock: MockClock) -> None:
    bench = Bench(pending=10)
    bench.store.trouble = "gone"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        bench.begin(*range(25))
        await trio.sleep(60)
        assert (bench.subscriber.pending, bench.subscriber.lost) == (10, 15)
        bench.store.trouble = ""
        await trio.sleep(10)
        assert bench.kept() == [f"CA{n}" for n in range(10)]
        bench.tape.close()


async def test_the_end_of_the_tapes_writes_what_is_left(autojump_clock: MockClock) -> None:
    bench = Bench()
    bench.begin(*range(3 * BATCH))
    bench.tape.close()
    await bench.run()
    assert len(bench.kept()) == 3 * BATCH


async def test_a_cancel_writes_what_the_tapes_still_hold(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        bench.begin(1)
        await trio.sleep(5)
        bench.store.slow_s = 1.0
        bench.begin(2)
        await trio.sleep(0.7)  # in the middle of a write
        end = CallEnded(call_sid="CA2", reason="stop", duration_s=1, turns=0)
        bench.tape.send_nowait(Recorded("", 0, 9, 0, 0, end))
        bench.tape.close()
        nursery.cancel_scope.cancel()
    assert bench.kept() == ["CA1", "CA2", "CA2"]


async def test_an_end_without_a_database_is_bounded_and_said(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    bench.store.trouble, bench.store.slow_s = "gone", 3.0
    bench.begin(1, 2, 3)
    bench.tape.close()
    began = trio.current_time()
    await bench.run()
    assert trio.current_time() - began < 10
    assert "has not got 3 changes" in caplog.text
