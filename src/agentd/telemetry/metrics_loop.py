"""How long the loop keeps everybody waiting: the longest pass through the ready tasks in each second, and who it was.

Trio looks at sockets and clocks between two passes. While one lasts, no call gets or sends a frame. An instrument reads
the clock twice a pass. To say who it was it must read it at every task step too, which costs a call-minute some 3 % of
what it may cost; so that begins with the first stall, which stays nameless, and ends when there was none for a minute.
What was found is read once a second, by a task, since an instrument may wake nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Final

import trio
from trio.abc import Instrument
from trio.lowlevel import Task

from agentd.events import Event, Watchdog

STALL_S: Final = 0.1
"""A pass this long is an event (RELIABILITY 1): half of what playout keeps in hand is gone."""

LOOK_S: Final = 1.0


NAMED_S: Final = 60.0
"""Without a stall: then nobody watches the tasks any more."""


class LoopLag(Instrument):
    """Times passes. `take` what was found since the last time."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._pass_began = clock()
        self._worst_s, self._worst_culprit = 0.0, ""

    def after_io_wait(self, timeout: float) -> None:
        self._pass_began = self._clock()

    def before_io_wait(self, timeout: float) -> None:
        self._over(self._clock(), "the next one will be named")

    def take(self) -> tuple[float, str]:
        """(the longest pass in seconds, which task had most of it), and begin anew."""
        found = self._worst_s, self._worst_culprit
        self._worst_s, self._worst_culprit = 0.0, ""
        return found

    def _over(self, now: float, culprit: str) -> None:
        """A pass is over."""
        if (lasted_s := now - self._pass_began) > self._worst_s:
            self._worst_s, self._worst_culprit = lasted_s, culprit


class NamedLag(LoopLag):
    """Times steps too."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        super().__init__(clock)
        self._step_began = self._pass_began
        self._task: Task | None = None
        self._longest_s, self._culprit = 0.0, ""  # the longest step of this pass, once it is long enough to be named

    def after_io_wait(self, timeout: float) -> None:
        super().after_io_wait(timeout)
        self._step_began = self._pass_began
        self._task, self._longest_s, self._culprit = None, 0.0, ""

    def before_task_step(self, task: Task) -> None:
        self._next_step(self._clock(), task)

    def before_io_wait(self, timeout: float) -> None:
        now = self._clock()
        self._next_step(now, None)
        self._over(now, self._culprit or "many tasks")

    def _next_step(self, now: float, task: Task | None) -> None:
        lasted_s = now - self._step_began
        if lasted_s > STALL_S / 2 and self._task is not None and lasted_s > self._longest_s:
            self._longest_s, self._culprit = lasted_s, _where(self._task)
        self._step_began, self._task = now, task


async def watch_loop(observe_s: Callable[[float], None], emit: Callable[[Event], None]) -> None:
    """Once a second, until cancelled: the longest pass of that second to `observe_s`, and one of `STALL_S` or more as
    an event."""
    calm_s = 0.0
    lag = _installed(LoopLag)
    try:
        while True:
            await trio.sleep(LOOK_S)
            lasted_s, culprit = lag.take()
            observe_s(lasted_s)
            calm_s += LOOK_S
            if lasted_s >= STALL_S:
                emit(Watchdog(what="loop-stall", action=f"{round(lasted_s * 1000)} ms: {culprit}"))
                calm_s = 0.0
            kind = NamedLag if lasted_s >= STALL_S else LoopLag if calm_s > NAMED_S else type(lag)
            if kind is not type(lag):
                trio.lowlevel.remove_instrument(lag)
                lag = _installed(kind)
    finally:
        trio.lowlevel.remove_instrument(lag)


def _installed(kind: type[LoopLag]) -> LoopLag:
    lag = kind()
    trio.lowlevel.add_instrument(lag)
    return lag


def _where(task: Task) -> str:
    """The task, and where it waits now: just behind what took so long."""
    place = ""
    # Trio does not know every kind of awaitable, and a generator that has ended has no frame.
    with suppress(AttributeError, TypeError):
        for frame, line in task.iter_await_frames():
            path = frame.f_code.co_filename
            if "/trio/" not in path:
                place = f" ({path.rpartition('/')[2]}:{line})"
    return f"{task.name}{place}"
