"""Bridges for engines: bounded read-ahead, blocking SDKs in threads, and asyncio SDKs in one side loop. The only file
that may start a thread.

A blocking SDK's whole stream lives in *one* thread, and nothing is ever abandoned: leaving the block tells the SDK to
cancel, by its own thread-safe means, and waits until the thread is gone. An SDK whose cancel does not end its iteration
keeps its call waiting; the contract suites find it.
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, TypeVarTuple

import trio
from trio.abc import ReceiveChannel

if TYPE_CHECKING:
    import asyncio  # only a process that has a side loop pays for it

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
    # `subgroup` asks about the group itself first, and takes it whole if the answer is yes.
    failures: BaseException | None = group.subgroup(lambda e: not isinstance(e, trio.Cancelled | BaseExceptionGroup))
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
    testing = sys.modules.get("trio.testing")  # without it there is no mock clock; a daemon must not pay for its import
    if testing is not None and isinstance(trio.lowlevel.current_clock(), testing.MockClock):
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
            except Exception:  # boundary: what an SDK raises once we have left is nobody's
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


class SideLoop:
    """An asyncio loop in one thread, for every stream of an SDK that knows nothing else (`grpc.aio`).

    Make one per plugin and keep it: the thread starts at the first `run` and ends with the process. Each operation of a
    stream (open, read, write) is a `run` of its own, so that the engine's logic stays in trio and the SDK's own waiting
    is the back-pressure, in both directions. One costs about 0.1 ms.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def run(self, fn: Callable[[*Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        """Await `fn(*args)` on the side loop: its result, or its error as it is.

        A cancel cancels the asyncio task and waits until it is gone: nothing is abandoned, and what it does afterwards
        is its echo and is dropped, but for a result that was ready at the same moment, which is not lost. Raises
        `BrokenResourceError` when it was cancelled on its own side, and `RuntimeError` under the mock clock.
        """
        _refuse_mock_clock()
        errand = _Errand(self._running(), fn(*args))
        return await errand.done()

    def post(self, fn: Callable[[*Ts], object], *args: *Ts) -> None:
        """Call the synchronous `fn(*args)` on the side loop, soon; from any thread, never waits."""
        self._running().call_soon_threadsafe(fn, *args)

    def close(self) -> None:
        """End the thread; what still runs there is dropped. Called at the end of the process, too. May be repeated."""
        with self._lock:
            loop, self._loop = self._loop, None
            if loop is None or self._thread is None:
                return
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join(1.0)  # one that is stuck in its SDK ends with the process
            if not self._thread.is_alive():
                loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                import asyncio

                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return self._loop


class _Errand(Generic[T]):
    """One coroutine on its way over and its outcome on its way back."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self._loop, self._work = loop, work
        self._token, self._waiter = trio.lowlevel.current_trio_token(), trio.lowlevel.current_task()
        self._task: asyncio.Task[T] | None = None
        self._raise_cancel: Callable[[], NoReturn] | None = None

    async def done(self) -> T:
        self._loop.call_soon_threadsafe(self._begin)
        await trio.lowlevel.wait_task_rescheduled(self._abort)
        task = self._task
        assert task is not None
        if self._raise_cancel is not None and (task.cancelled() or task.exception() is not None):
            self._raise_cancel()
        if task.cancelled():
            raise trio.BrokenResourceError("cancelled on the side loop")
        return task.result()

    def _abort(self, raise_cancel: Callable[[], NoReturn]) -> trio.lowlevel.Abort:
        self._raise_cancel = raise_cancel
        self._loop.call_soon_threadsafe(self._cancel)  # in order: never before `_begin`
        return trio.lowlevel.Abort.FAILED

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._ended)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _ended(self, task: asyncio.Task[T]) -> None:
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(trio.lowlevel.reschedule, self._waiter)
