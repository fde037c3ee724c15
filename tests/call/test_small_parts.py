"""The small parts of a call: contain, tape, reception, the settings that shape an answer's time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import trio

from agentd.call.contain import contain
from agentd.call.reception import Admitted, Refused, receive_start
from agentd.call.tape import QUEUE, Bus, Tape
from agentd.config import Settings
from agentd.core.media_stream import Start
from agentd.core.playbook import Playbook
from agentd.errors import PeerError, PluginFailed
from agentd.events import Dedup, Event, PluginFailure, Private, Recorded, StateChange, Turn
from agentd.facts import CallFacts
from agentd.testing.fake_twilio import FakeTwilio
from agentd.testing.play import play
from agentd.testing.scripted import ScriptedLLM
from agentd.testing.stage import PLAYBOOK, Stage, facts_of, stage

FACTS = CallFacts("CA1", "MZ1", "AC1", Private("+972501234567"), "+97231234567")


async def boom() -> None:
    raise ValueError("boom")


async def foreign_cancel() -> None:
    raise asyncio.CancelledError


async def leave() -> None:
    raise SystemExit


@pytest.mark.parametrize("crime", [boom, foreign_cancel, leave])
async def test_what_a_stranger_raises_becomes_plugin_failed(crime: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(PluginFailed, match="guest"):
        await contain("guest", crime)


async def test_our_own_cancel_goes_through_even_beside_a_failure() -> None:
    async def cancelled_and_broken() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            try:
                await trio.sleep_forever()
            finally:
                raise ValueError("in the same breath")

    with trio.move_on_after(0.01) as scope:
        await contain("guest", cancelled_and_broken)
    assert scope.cancelled_caught


class Slow:
    name = "slow"

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self.go = trio.Event()

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        await self.go.wait()
        async for recorded in tape:
            self.seen.append(recorded.event)


class Broken:
    name = "broken"

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        async for recorded in tape:
            if recorded.event == Dedup(why="poison"):
                raise SystemExit


async def test_a_slow_subscriber_loses_events_that_are_counted_and_a_broken_one_is_named() -> None:
    slow = Slow()
    bus = Bus([slow, Broken()])
    tape = Tape(FACTS, bus, trio.current_time)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bus.run)
        for _ in range(QUEUE + 5):
            tape.emit(Dedup(why="x"))
        assert bus.dropped >= 5
        slow.go.set()
        await trio.testing.wait_all_tasks_blocked()
        bus.house(Dedup(why="poison"))
        await trio.testing.wait_all_tasks_blocked()
        bus.house(Dedup(why="after"))
        await trio.testing.wait_all_tasks_blocked()
        bus.close()
    assert any(isinstance(e, PluginFailure) and e.plugin == "broken" for e in slow.seen)
    assert slow.seen[-1] == Dedup(why="after")


def test_the_tape_numbers_events_and_counts_frames() -> None:
    async def scene() -> Stage:
        async with stage() as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.hears(within_s=2)
        return s

    recorded = play(scene).tape.recorded
    assert [r.seq for r in recorded] == list(range(1, len(recorded) + 1))
    assert all(a.frame <= b.frame and a.at_ms <= b.at_ms for a, b in itertools.pairwise(recorded))
    assert {r.call_sid for r in recorded} == {recorded[0].call_sid}


def refuse(start: Start) -> CallFacts:
    raise PeerError("token")


@pytest.mark.parametrize(
    ("act", "admit", "reason", "close"),
    [
        (lambda t: None, facts_of, "no-start", 1008),
        (lambda t: t.start(), refuse, "token", 1008),
        (lambda t: t.hang_up(), facts_of, "stopped", 1000),
        (lambda t: t.vanish(), facts_of, "gone", 1000),
        (lambda t: [t.send_raw(b"{") for _ in range(25)], facts_of, "rubbish", 1008),
    ],
)
def test_a_stream_that_does_not_start_is_refused(
    act: Callable[[FakeTwilio], object], admit: Callable[[Start], CallFacts], reason: str, close: int
) -> None:
    async def scene() -> Admitted | Refused:
        twilio = FakeTwilio()
        act(twilio)
        return await receive_start(twilio.media, admit, within_s=5)

    refused = play(scene)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.close) == (reason, close)


def test_an_answer_can_be_held_back_but_a_late_one_is_not_made_later() -> None:
    async def scene(latency_s: float) -> int:
        settings = Settings.of(resp_min_delay_ms=900, resp_max_delay_ms=900, eou_sharp_fall_ms=450)
        async with stage(settings=settings, llm=ScriptedLLM(latency_s)) as s:
            await s.caller.silence(1.0)
            await s.caller.says("a table for two")
            await s.caller.hears_end(within_s=10)
        [turn] = s.events(Turn)
        assert turn.total_latency_ms is not None
        return turn.total_latency_ms

    async def quick() -> int:
        return await scene(0.0)

    async def slow() -> int:
        return await scene(1.2)

    assert play(quick) == pytest.approx(900, abs=20)
    assert play(slow) == pytest.approx(1380, abs=60)  # 160 ms of silence, then the model


def test_a_resumed_call_opens_with_an_apology_and_keeps_its_history() -> None:
    playbook = Playbook(**{**_fields(PLAYBOOK), "phrases": {**PLAYBOOK.phrases, "resume": ("We were cut off.", "Oh.")}})

    async def scene() -> Stage:
        async with stage(playbook=playbook, resumed=True) as s:
            await s.caller.hears_end(within_s=4)
            await s.caller.silence(1.0)
        return s

    s = play(scene)
    assert s.answered() == ["We were cut off."]
    assert next(e.cause for e in s.events(StateChange)) == "resume"


def _fields(playbook: Playbook) -> dict[str, object]:
    return {name: getattr(playbook, name) for name in playbook.__dataclass_fields__}
