"""A failure beside cancels comes out of a nursery as itself; several failures stay a group."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from agentd.call.streams import produced, unwrapped
from agentd.errors import EngineError


async def test_a_failure_in_the_step_of_a_cancel_comes_out_as_itself(autojump_clock: MockClock) -> None:
    async def fail_when_cancelled() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            raise EngineError("late") from None

    async def run() -> None:
        with trio.move_on_after(1), unwrapped():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail_when_cancelled)
                nursery.start_soon(trio.sleep_forever)

    with pytest.raises(EngineError, match="late"):
        await run()


async def test_a_producer_that_fails_while_its_reader_is_cancelled_fails_as_itself(autojump_clock: MockClock) -> None:
    async def run(out: trio.MemorySendChannel[int]) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(2)
        raise EngineError("late")

    with pytest.raises(EngineError, match="late"), trio.move_on_after(1):
        async with produced(run) as items:
            await items.receive()


async def test_several_failures_stay_together(autojump_clock: MockClock) -> None:
    async def fail(error: Exception) -> None:
        raise error

    async def run() -> None:
        with unwrapped():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail, ValueError())
                nursery.start_soon(fail, KeyError())

    with pytest.raises(BaseExceptionGroup) as failed:
        await run()
    assert {type(e) for e in failed.value.exceptions} == {ValueError, KeyError}
