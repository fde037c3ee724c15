"""What every guard must do, whatever it looks after. Always in virtual time: an hour's call in no time."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from agentd.hookspecs import Guard
from agentd.testing.contracts.base import Contract
from agentd.testing.contracts.fake_call import FakeCall

CALL_S = 3600
STEPS_PER_S = 20  # more often than every frame or two, a guard is a busy loop


class _Steps(trio.abc.Instrument):
    """Counts the steps of all tasks."""

    def __init__(self) -> None:
        self.steps = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps += 1


class GuardContract(Contract):
    """Give `make`."""

    def make(self) -> Guard:
        raise NotImplementedError

    async def run(self, guard: Guard, call: FakeCall, for_s: float = CALL_S) -> None:
        """The guard beside the call, until the call is over."""
        with trio.move_on_after(for_s):
            await guard(call)

    def same(self, one: FakeCall, other: FakeCall) -> None:
        """The guard did the same to both, at the same times."""
        for name in ("said", "marks", "silences", "ended"):
            ours, theirs = getattr(one, name), getattr(other, name)
            assert [what for _, *what in ours] == [what for _, *what in theirs]
            assert [at for at, *_ in ours] == pytest.approx([at for at, *_ in theirs], abs=0.5)
        assert [type(e) for e in one.events] == [type(e) for e in other.events]

    async def test_it_can_be_called(self, clock: object) -> None:
        assert callable(self.make())

    async def test_a_silent_call_of_an_hour_raises_nothing(self, clock: object) -> None:
        call = FakeCall()
        await self.run(self.make(), call)
        assert all(text for _, text in call.said)
        assert all(name for _, name in call.marks)
        assert all(ms > 0 for _, ms in call.silences)

    async def test_it_ends_a_call_at_most_once(self, clock: object) -> None:
        call = FakeCall()
        await self.run(self.make(), call)
        assert len(call.ended) <= 1

    async def test_a_lively_call_raises_nothing(self, clock: object) -> None:
        call = FakeCall()

        async def talk() -> None:
            while True:
                call.caller_speaks(2.0)
                await trio.sleep(3.0)
                call.agent_speaks(2.5)
                await trio.sleep(3.0)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            await self.run(self.make(), call)
            nursery.cancel_scope.cancel()

    async def test_the_end_of_the_call_ends_it_at_once(self, clock: object) -> None:
        guard, call = self.make(), FakeCall()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(guard, call)
            await wait_all_tasks_blocked()
            await trio.sleep(100)
            nursery.cancel_scope.cancel()
            ended_at = trio.current_time()
        assert trio.current_time() == ended_at

    async def test_it_does_not_spin(self, clock: object) -> None:
        steps = _Steps()
        trio.lowlevel.add_instrument(steps)
        try:
            await self.run(self.make(), FakeCall(), for_s=600)
        finally:
            trio.lowlevel.remove_instrument(steps)
        assert steps.steps < 600 * STEPS_PER_S

    async def test_it_does_not_spin_while_somebody_always_speaks(self, clock: object) -> None:
        call, steps = FakeCall(), _Steps()
        call.caller_speaks(10_000)
        trio.lowlevel.add_instrument(steps)
        try:
            await self.run(self.make(), call, for_s=600)
        finally:
            trio.lowlevel.remove_instrument(steps)
        assert steps.steps < 600 * STEPS_PER_S
        assert call.said == []

    async def test_a_playbook_without_phrases_raises_nothing(self, clock: object) -> None:
        call = FakeCall()
        call.playbook = replace(call.playbook, phrases={})
        await self.run(self.make(), call)
        assert call.said == []

    async def test_two_calls_do_not_mix(self, clock: object) -> None:
        alone = FakeCall()
        await self.run(self.make(), alone)
        guard, silent, lively = self.make(), FakeCall(), FakeCall()

        async def talk() -> None:
            while True:
                lively.caller_speaks(1.0)
                await trio.sleep(2.0)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            nursery.start_soon(self.run, guard, lively)
            await self.run(guard, silent)
            nursery.cancel_scope.cancel()
        self.same(silent, alone)

    async def test_it_serves_call_after_call(self, clock: object) -> None:
        guard, calls = self.make(), []
        for _ in range(3):
            calls.append(FakeCall())
            await self.run(guard, calls[-1])
        self.same(calls[0], calls[1])
        self.same(calls[0], calls[2])
