"""The loop's lag: what counts as a pass, who is named, and what is told once a second."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from agentd.events import Event, Watchdog
from agentd.telemetry import metrics_loop
from agentd.telemetry.metrics_loop import NAMED_S, LoopLag, NamedLag, watch_loop


class Hands:
    """A clock that stands still but for what somebody works."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def work(self, s: float) -> None:
        self.now_s += s


async def hogging_task(work: Callable[[float], None], s: float) -> None:
    work(s)
    await trio.lowlevel.checkpoint()


async def test_a_pass_lasts_as_long_as_its_tasks_together_and_the_longest_is_named(autojump_clock: MockClock) -> None:
    hands = Hands()
    lag = NamedLag(hands)
    trio.lowlevel.add_instrument(lag)
    async with trio.open_nursery() as nursery:
        for s in (0.01, 0.07, 0.06):
            nursery.start_soon(hogging_task, hands.work, s)
    await trio.sleep(1)
    trio.lowlevel.remove_instrument(lag)
    lasted_s, culprit = lag.take()
    assert lasted_s == pytest.approx(0.14)
    assert "hogging_task" in culprit
    assert lag.take() == (0.0, "")


async def test_a_task_that_ends_with_its_long_step_is_named_too(autojump_clock: MockClock) -> None:
    hands = Hands()
    lag = NamedLag(hands)
    trio.lowlevel.add_instrument(lag)

    async def last_words() -> None:
        hands.work(0.3)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(last_words)
    await trio.sleep(1)
    trio.lowlevel.remove_instrument(lag)  # KeyError, if trio had to throw it out
    lasted_s, culprit = lag.take()
    assert lasted_s == pytest.approx(0.3)
    assert culprit.endswith("last_words")


async def test_many_tasks_that_are_quick_are_nobodys_fault(autojump_clock: MockClock) -> None:
    hands = Hands()
    lag = NamedLag(hands)
    trio.lowlevel.add_instrument(lag)
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(hogging_task, hands.work, 0.01)
    await trio.sleep(1)
    trio.lowlevel.remove_instrument(lag)
    lasted_s, culprit = lag.take()
    assert (lasted_s, culprit) == (pytest.approx(0.2), "many tasks")


@pytest.mark.parametrize("kind", [LoopLag, NamedLag])
def test_waiting_for_sockets_and_clocks_is_no_lag(kind: type[LoopLag]) -> None:
    hands = Hands()
    lag = kind(hands)
    lag.before_io_wait(3600)
    hands.work(3600)
    lag.after_io_wait(3600)
    lag.before_io_wait(0)
    assert lag.take()[0] == 0.0


async def test_a_stall_is_an_event_the_second_names_task_and_place_and_each_second_is_measured(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Hands()
    timers: list[str] = []

    class Passes(LoopLag):
        def __init__(self) -> None:
            super().__init__(hands)
            timers.append("passes")

    class Steps(NamedLag):
        def __init__(self) -> None:
            super().__init__(hands)
            timers.append("steps")

    monkeypatch.setattr(metrics_loop, "LoopLag", Passes)
    monkeypatch.setattr(metrics_loop, "NamedLag", Steps)
    events: list[Event] = []
    measures: list[float] = []

    async def slow_engine() -> None:
        for _ in range(2):
            await trio.sleep(1.5)
            hands.work(0.25)
        await trio.sleep(NAMED_S + 10)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_loop, measures.append, events.append)
        nursery.start_soon(slow_engine)
        await trio.sleep(5.5)
        assert timers == ["passes", "steps"]
        await trio.sleep(NAMED_S)
        nursery.cancel_scope.cancel()
    assert measures[:5] == [0.0, pytest.approx(0.25), 0.0, pytest.approx(0.25), 0.0]
    actions = [event.action for event in events if isinstance(event, Watchdog) and event.what == "loop-stall"]
    assert len(actions) == len(events) == 2
    assert actions[0] == "250 ms: the next one will be named"
    assert actions[1].startswith("250 ms: ")
    assert "slow_engine (test_metrics_loop.py:" in actions[1]
    assert timers == ["passes", "steps", "passes"]  # a minute without one


async def test_it_leaves_no_instrument_behind(autojump_clock: MockClock) -> None:
    with trio.move_on_after(2.5):
        await watch_loop(lambda s: None, lambda event: None)
    assert not any(isinstance(each, LoopLag) for each in trio._core._run.GLOBAL_RUN_CONTEXT.runner.instruments["_all"])
