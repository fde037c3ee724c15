"""Bridges for engines: bounded read-ahead, and blocking SDKs in threads. The only file that may start a thread.

A blocking SDK's whole stream lives in *one* thread, and nothing is ever abandoned: leaving the block tells the SDK to
cancel, by its own thread-safe means, and waits until the thread is gone. An SDK whose cancel does not end its iteration
keeps its call waiting; the contract suites find it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TypeVar, TypeVarTuple

import trio
from trio.abc import ReceiveChannel

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

READ_AHEAD = 8  # items between a thread and its reader; a full buffer blocks the thread, and so the provider


@contextmanager
def unwrapped() -> Iterator[None]:
    """Around a nursery that is nobody's business: its one failure comes out as itself, not in a group.
    A group of several failures, or of cancels alone, stays as it is."""
    try:
        yield
    except BaseExceptionGroup as group:
        failure = _sole(group)
        if failure is None:
            raise
        raise failure from failure.__cause__


def _sole(group: BaseExceptionGroup[BaseException]) -> BaseException | None:
    """The one leaf that is no cancel, or None."""
    failures: BaseException | None = group.subgroup(lambda e: not isinstance(e, trio.Cancelled))
    while isinstance(failures, BaseExceptionGroup) and len(failures.exceptions) == 1:
        failures = failures.exceptions[0]
    return None if isinstance(failures, BaseExceptionGroup) else failures


@asynccontextmanager
async def produced(
    run: Callable[[trio.MemorySendChannel[T]], Awaitable[None]], max_items: int = 0
) -> AsyncIterator[ReceiveChannel[T]]:
    """What `run` sends, as an engine's block: it starts at once, its end ends the channel, its failure comes out of the
    `async with` as itself, and leaving the block cancels it."""
    into, out = trio.open_memory_channel[T](max_items)

    async def produce() -> None:
        with into:
            await run(into)

    with out, unwrapped():  # closed last: a producer that waits for its reader is cancelled, not broken
        async with trio.open_nursery() as nursery:
            nursery.start_soon(produce)
            yield out
            nursery.cancel_scope.cancel(reason="the reader has left")


def buffered(channel: ReceiveChannel[T], max_items: int) -> AbstractAsyncContextManager[ReceiveChannel[T]]:
    """Read `channel` ahead of its reader by at most `max_items`; full = the source waits.

    Reading begins at once. Leaving or a cancel stops it; what was read ahead and not taken is lost. Whoever opened
    `channel` closes it.
    """

    async def read(into: trio.MemorySendChannel[T]) -> None:
        async for item in channel:
            await into.send(item)

    return produced(read, max_items)


def engine_limiter(max_calls: int, streams_per_call: int = 1) -> trio.CapacityLimiter:
    """One per engine object, made when the engine is made. Every call can have its streams, and as many again are
    left for those that are still closing; trio's own default of 40 threads for the whole process is a trap."""
    return trio.CapacityLimiter(2 * max_calls * streams_per_call)


def _refuse_mock_clock() -> None:
    from trio.testing import MockClock  # what only tests use is not imported by a daemon

    if isinstance(trio.lowlevel.current_clock(), MockClock):
        raise RuntimeError(
            "an engine that uses threads cannot run in virtual time: the mock clock does not wait for threads. "
            "Run this test under the real clock, or use the scripted engines"
        )


async def in_thread(fn: Callable[[*Ts], T], *args: *Ts, limiter: trio.CapacityLimiter) -> T:
    """One blocking call, such as an inference. A cancel is noticed when it returns: keep it under a second."""
    _refuse_mock_clock()
    return await trio.to_thread.run_sync(fn, *args, limiter=limiter)


@asynccontextmanager
async def from_thread(
    iterate: Callable[[], Iterable[T]],
    cancel: Callable[[], object],
    limiter: trio.CapacityLimiter,
    max_items: int = READ_AHEAD,
) -> AsyncIterator[ReceiveChannel[T]]:
    """Run the whole blocking iteration `iterate()` in one thread; its items come out of the channel.

    `cancel` is the SDK's: thread-safe, quick, called on the loop's thread when the block is left (or cancelled) while
    the iteration still runs, and must make it end. Errors of the iteration come out of the `async with` as they are
    (an engine turns its SDK's errors into `EngineError` inside `iterate`); those after `cancel` are its echo and are
    dropped. Raises `RuntimeError` under the mock clock. Waits for a thread when the limiter has none to give.
    """
    _refuse_mock_clock()
    into, out = trio.open_memory_channel[T](max_items)
    finished = trio.Event()
    leaving = False

    def work() -> None:
        for item in iterate():
            trio.from_thread.run(into.send, item)  # raises Cancelled in this thread once the block is left

    async def run() -> None:
        with into:
            try:
                await trio.to_thread.run_sync(work, limiter=limiter)
            except Exception:
                if not leaving:
                    raise
            finally:
                finished.set()

    async def stop_it() -> None:
        nonlocal leaving
        try:
            await finished.wait()
        except trio.Cancelled:
            leaving = True
            if not finished.is_set():
                cancel()
            raise

    with out, unwrapped():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_it)
            nursery.start_soon(run)
            yield out
            nursery.cancel_scope.cancel(reason="the reader has left")
