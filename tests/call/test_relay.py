"""A chain's block, read through a channel or in the reader's own task, is the same to its reader."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest
import trio
from trio.abc import ReceiveChannel
from trio.testing import MockClock

from agentd.call.relay import Give, Relay, each
from agentd.call.streams import produced
from agentd.errors import EngineError


async def three(give: Give[int]) -> None:
    for i in range(3):
        await trio.sleep(0.1)
        await give(i)


async def three_and_fail(give: Give[int]) -> None:
    await three(give)
    raise EngineError("no more")


Block = Callable[[Callable[[Give[int]], Awaitable[None]]], AbstractAsyncContextManager[ReceiveChannel[int]]]


def engine(run: Callable[[Give[int]], Awaitable[None]]) -> AbstractAsyncContextManager[ReceiveChannel[int]]:
    """The same, as an engine's own block, which has a task."""

    async def send(into: trio.MemorySendChannel[int]) -> None:
        await run(into.send)

    return produced(send)


BLOCKS = pytest.mark.parametrize("block", [Relay, engine])


@BLOCKS
async def test_every_item_is_taken_in_order_and_then_the_failure_comes_out(
    block: Block, autojump_clock: MockClock
) -> None:
    taken: list[int] = []

    async def take(item: int) -> None:
        taken.append(item)
        await trio.sleep(1)

    await each(block(three), take)
    with pytest.raises(EngineError, match="no more"):
        await each(block(three_and_fail), take)
    assert taken == [0, 1, 2, 0, 1, 2]


@BLOCKS
async def test_a_reader_that_has_enough_cancels_what_ran(block: Block, autojump_clock: MockClock) -> None:
    taken: list[int] = []
    cancelled: list[bool] = []

    async def run(give: Give[int]) -> None:
        try:
            await three(give)
            await trio.sleep_forever()
        except trio.Cancelled:
            cancelled.append(True)
            raise

    async def take(item: int) -> bool:
        taken.append(item)
        return item == 1

    await each(block(run), take)
    assert (taken, cancelled) == ([0, 1], [True])


async def test_what_the_reader_raises_is_not_seen_by_what_gives(autojump_clock: MockClock) -> None:
    blamed: list[Exception] = []

    async def run(give: Give[int]) -> None:
        try:
            await three(give)
        except Exception as e:
            blamed.append(e)
            raise EngineError("the engine failed") from e

    async def take(item: int) -> None:
        raise ValueError(item)

    with pytest.raises(ValueError, match="0"):
        await each(Relay(run), take)
    assert blamed == []


async def test_a_relay_needs_no_task_of_its_own(autojump_clock: MockClock) -> None:
    tasks = set()

    async def run(give: Give[int]) -> None:
        tasks.add(trio.lowlevel.current_task())
        await three(give)

    async def take(item: int) -> None:
        tasks.add(trio.lowlevel.current_task())

    await each(Relay(run), take)
    assert tasks == {trio.lowlevel.current_task()}


async def test_a_cancel_of_the_reader_ends_both(autojump_clock: MockClock) -> None:
    taken: list[int] = []

    async def take(item: int) -> None:
        taken.append(item)
        await trio.sleep_forever()

    with trio.move_on_after(0.5) as scope:
        await each(Relay(three), take)
    assert (taken, scope.cancelled_caught) == ([0], True)


async def test_it_is_a_channel_for_whoever_wants_one(autojump_clock: MockClock) -> None:
    with pytest.raises(EngineError, match="no more"):
        async with Relay(three_and_fail) as items:
            assert [i async for i in items] == [0, 1, 2]


async def test_a_reader_that_closes_its_channel_is_no_failure(autojump_clock: MockClock) -> None:
    async with Relay(three_and_fail) as items:
        assert await items.receive() == 0
        await items.aclose()
        await trio.sleep(5)
