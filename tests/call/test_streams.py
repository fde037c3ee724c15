"""Bridges: read-ahead is bounded, a thread is one, and leaving ends it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest
import trio
from trio.abc import ReceiveChannel
from trio.testing import MockClock

from agentd.call.streams import buffered, engine_limiter, from_thread, in_thread, unwrapped
from agentd.errors import EngineError


@trio.as_safe_channel
async def numbers(made: list[int], fail_at: int = 1000):  # type: ignore[no-untyped-def]
    for i in range(100):
        if i == fail_at:
            raise EngineError("no more")
        made.append(i)
        yield i


async def collect(channel: ReceiveChannel[int], into: list[int]) -> None:
    async for item in channel:
        into.append(item)  # noqa: PERF401 - what came before an error counts


async def test_read_ahead_is_bounded_and_keeps_the_order(autojump_clock: MockClock) -> None:
    made: list[int] = []
    async with numbers(made) as source, buffered(source, 3) as ahead:
        await trio.sleep(1)
        assert len(made) == 4  # three in the buffer, one on its way
        assert [i async for i in ahead] == list(range(100))


async def test_leaving_the_read_ahead_early_stops_the_source(autojump_clock: MockClock) -> None:
    made: list[int] = []
    async with numbers(made) as source:
        async with buffered(source, 3) as ahead:
            assert await ahead.receive() == 0
        await trio.sleep(1)
    assert len(made) <= 5


async def test_the_sources_error_comes_out_as_itself_after_what_was_read(autojump_clock: MockClock) -> None:
    got: list[int] = []
    with pytest.raises(EngineError, match="no more"):
        async with numbers([], fail_at=2) as source, buffered(source, 1) as ahead:
            await collect(ahead, got)
    assert got == [0, 1]


async def test_the_readers_error_comes_out_as_itself(autojump_clock: MockClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with numbers([]) as source, buffered(source, 1):
            raise ZeroDivisionError


async def test_two_failures_stay_a_group() -> None:
    with pytest.raises(BaseExceptionGroup), unwrapped():
        raise BaseExceptionGroup("both", [ValueError(), KeyError()])


class Sdk:
    """A blocking stream as providers ship them: `cancel` from any thread makes the iteration raise."""

    def __init__(self, items: int | None = None, error: Exception | None = None) -> None:
        self.queue: queue.Queue[int | None] = queue.Queue()
        self.items, self.error = items, error
        self.cancelled = self.closed = False
        self.threads: set[int] = set()
        self.given = 0

    def __call__(self) -> Iterator[int]:
        try:
            while self.items is None or self.given < self.items:
                self.threads.add(threading.get_ident())
                if self.items is None:
                    self.queue.get()
                    if self.cancelled:
                        raise ConnectionResetError("cancelled by the client")
                self.given += 1
                yield self.given
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True

    def cancel(self) -> None:
        self.cancelled = True
        self.queue.put(None)


async def test_a_blocking_iteration_runs_whole_in_one_other_thread() -> None:
    sdk = Sdk(items=50)
    async with from_thread(sdk, sdk.cancel, engine_limiter(1)) as channel:
        assert [i async for i in channel] == list(range(1, 51))
    assert len(sdk.threads) == 1
    assert threading.get_ident() not in sdk.threads
    assert (sdk.closed, sdk.cancelled) == (True, False)


async def test_a_full_buffer_blocks_the_thread() -> None:
    sdk = Sdk(items=50)
    async with from_thread(sdk, sdk.cancel, engine_limiter(1), max_items=2) as channel:
        assert await channel.receive() == 1
        await trio.sleep(0.05)
        assert sdk.given <= 4
    assert sdk.closed


async def test_leaving_cancels_the_sdk_and_waits_for_its_thread() -> None:
    sdk = Sdk()
    async with from_thread(sdk, sdk.cancel, engine_limiter(1)) as channel:
        sdk.queue.put(1)
        assert await channel.receive() == 1
    assert (sdk.cancelled, sdk.closed) == (True, True)


async def test_a_cancel_from_outside_does_the_same_and_drops_the_sdks_echo() -> None:
    sdk = Sdk()
    with trio.move_on_after(0.02) as patience:
        async with from_thread(sdk, sdk.cancel, engine_limiter(1)) as channel:
            await channel.receive()
    assert patience.cancelled_caught
    assert (sdk.cancelled, sdk.closed) == (True, True)


async def test_an_error_of_the_iteration_comes_out_as_itself_after_its_items() -> None:
    sdk = Sdk(items=2, error=EngineError("quota"))
    got: list[int] = []
    with pytest.raises(EngineError, match="quota"):
        async with from_thread(sdk, sdk.cancel, engine_limiter(1)) as channel:
            await collect(channel, got)
    assert got == [1, 2]
    assert not sdk.cancelled


async def test_the_limiter_bounds_the_threads_of_an_engine() -> None:
    limiter = engine_limiter(1)
    running, most = 0, 0
    lock = threading.Lock()

    def work(barrier: threading.Event) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        barrier.wait(0.02)
        with lock:
            running -= 1

    async def one() -> None:
        await in_thread(work, threading.Event(), limiter=limiter)

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(one)
    assert most == 2
    assert limiter.borrowed_tokens == 0


async def test_threads_are_refused_in_virtual_time(autojump_clock: MockClock) -> None:
    with pytest.raises(RuntimeError, match="virtual time"):
        async with from_thread(lambda: [1], lambda: None, engine_limiter(1)):
            raise AssertionError("opened")
    with pytest.raises(RuntimeError, match="virtual time"):
        await in_thread(int, limiter=engine_limiter(1))
