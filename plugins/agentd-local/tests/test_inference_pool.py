"""Inference is bounded for the whole process, off the loop, and refused in virtual time."""

from __future__ import annotations

import threading
import time

import pytest
import trio
import trio.testing
from agentd_local.pool import Inline, Threads, workers


class Work:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.threads: set[int] = set()

    def __call__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.threads.add(threading.get_ident())
        time.sleep(0.01)
        with self.lock:
            self.now -= 1


async def test_no_more_runs_at_once_than_there_are_workers_whoever_asks() -> None:
    work = Work()
    async with trio.open_nursery() as nursery:
        for _ in range(4 * workers()):
            nursery.start_soon(Threads().run, work)
    assert 1 <= work.most <= workers()
    assert threading.get_ident() not in work.threads


async def test_what_waits_for_a_thread_is_cancelled_without_running() -> None:
    work = Work()
    ran = 0

    def late() -> None:
        nonlocal ran
        ran += 1

    async with trio.open_nursery() as nursery:
        for _ in range(workers()):
            nursery.start_soon(Threads().run, work)
        await trio.testing.wait_all_tasks_blocked()
        with trio.CancelScope() as scope:
            scope.cancel()
            await Threads().run(late)
    assert ran == 0


async def test_threads_are_refused_in_virtual_time_and_inline_takes_some(
    autojump_clock: trio.testing.MockClock,
) -> None:
    with pytest.raises(RuntimeError, match="virtual time"):
        await Threads().run(int)
    before = trio.current_time()
    assert await Inline(0.25).run(int, "7") == 7
    assert trio.current_time() - before == pytest.approx(0.25)
