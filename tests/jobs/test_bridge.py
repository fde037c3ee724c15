"""Awaitables of an asyncio loop that are tasks of trio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import trio
import trio.lowlevel

from agentd.call.streams import SideLoop
from agentd.jobs.bridge import Bridge


@pytest.fixture
async def loop() -> AsyncIterator[SideLoop]:
    side = SideLoop("test-bridge")
    yield side
    side.close()


async def test_a_result_and_an_error_come_back_as_they_are(loop: SideLoop) -> None:
    async def double(number: int) -> int:
        await trio.lowlevel.checkpoint()
        return 2 * number

    async def fail() -> None:
        raise KeyError("no")

    async with trio.open_nursery() as nursery:
        bridge = Bridge(nursery)
        assert await loop.run(bridge.run, double, 21) == 42
        with pytest.raises(KeyError, match="no"):
            await loop.run(bridge.run, fail)


async def test_when_trio_ends_whoever_waits_is_cancelled(loop: SideLoop) -> None:
    began, seen = trio.Event(), trio.Event()
    token = trio.lowlevel.current_trio_token()

    async def for_ever() -> None:
        began.set()
        await trio.sleep_forever()

    async def wait(bridge: Bridge) -> None:
        try:
            await bridge.run(for_ever)
        except asyncio.CancelledError:
            token.run_sync_soon(seen.set)

    async with trio.open_nursery() as outer:
        async with trio.open_nursery() as nursery:
            outer.start_soon(loop.run, wait, Bridge(nursery))
            await began.wait()
            nursery.cancel_scope.cancel(reason="the end")
        with trio.fail_after(5):
            await seen.wait()


async def test_a_waiter_that_gives_up_leaves_what_has_begun_to_finish(loop: SideLoop) -> None:
    began, go_on, finished = trio.Event(), trio.Event(), trio.Event()

    async def effect() -> None:
        began.set()
        await go_on.wait()
        finished.set()

    async with trio.open_nursery() as nursery:
        bridge = Bridge(nursery)
        async with trio.open_nursery() as waiting:
            waiting.start_soon(loop.run, bridge.run, effect)
            await began.wait()
            waiting.cancel_scope.cancel(reason="gave up")
        assert not finished.is_set()
        go_on.set()
    assert finished.is_set()
