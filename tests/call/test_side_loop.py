"""The side loop: one thread, results and errors as they are, and a cancel that is finished on both sides."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock

from agentd.call.streams import SideLoop
from agentd.errors import EngineError


@pytest.fixture(scope="module")
def loop() -> Iterator[SideLoop]:
    made = SideLoop("side-loop-test")
    yield made
    made.close()
    made.close()
    assert not any(thread.name == "side-loop-test" for thread in threading.enumerate())


async def echo(value: int) -> int:
    await asyncio.sleep(0.001)
    return value


async def test_a_result_comes_back(loop: SideLoop) -> None:
    assert await loop.run(echo, 7) == 7


async def test_all_errands_share_one_thread(loop: SideLoop) -> None:
    names: set[str] = set()

    async def note() -> None:
        await asyncio.sleep(0.01)
        names.add(threading.current_thread().name)

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(loop.run, note)
    assert names == {"side-loop-test"}


async def test_an_error_comes_back_as_itself(loop: SideLoop) -> None:
    async def fail() -> None:
        raise EngineError("no")

    with pytest.raises(EngineError, match="no"):
        await loop.run(fail)


async def test_a_cancel_ends_the_errand_before_it_returns(loop: SideLoop) -> None:
    steps: list[str] = []

    async def errand() -> None:
        steps.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)
            steps.append("ended")

    with trio.move_on_after(0.02) as scope:
        await loop.run(errand)
    assert scope.cancelled_caught
    assert steps == ["begun", "ended"]


async def test_a_cancel_before_it_begins_is_a_cancel(loop: SideLoop) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await loop.run(asyncio.sleep, 60)  # an errand that is done at once may be done before its cancel
    assert scope.cancelled_caught


async def test_an_error_that_echoes_a_cancel_is_dropped(loop: SideLoop) -> None:
    async def errand() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("the stream was closed") from None

    with trio.move_on_after(0.01) as scope:
        await loop.run(errand)
    assert scope.cancelled_caught


async def test_a_result_that_was_ready_is_not_lost_to_a_cancel(loop: SideLoop) -> None:
    async def errand() -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return 7
        return 0

    got = 0
    with trio.move_on_after(0.01):
        got = await loop.run(errand)
    assert got == 7


async def test_a_cancel_of_its_own_side_is_no_cancel_of_ours(loop: SideLoop) -> None:
    async def errand() -> None:
        raise asyncio.CancelledError

    with pytest.raises(trio.BrokenResourceError):
        await loop.run(errand)


async def test_something_posted_is_called_there(loop: SideLoop) -> None:
    called: list[str] = []
    loop.post(lambda: called.append(threading.current_thread().name))
    await loop.run(echo, 1)
    assert called == ["side-loop-test"]


def test_it_serves_one_run_of_trio_after_another(loop: SideLoop) -> None:
    assert [trio.run(loop.run, echo, n) for n in range(3)] == [0, 1, 2]


async def test_it_is_refused_in_virtual_time(autojump_clock: MockClock, loop: SideLoop) -> None:
    with pytest.raises(RuntimeError, match="virtual time"):
        await loop.run(echo, 1)
