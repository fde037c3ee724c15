"""How long the loop keeps everybody waiting: the longest pass through the ready tasks in each second, and who it was.

Trio looks at sockets and clocks between two passes. While one lasts, no call gets or sends a frame. An instrument reads
the clock at every task step, to be able to say who it was: 1.2 us each, 0.02 CPU-s a call-minute of the 0.4 that a call
may cost. What it found is read once a second, by a task, since an instrument may wake nobody.
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


class LoopLag(Instrument):
    """`take` what was found since the last time."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._pass_began = self._step_began = clock()
        self._task: Task | None = None
        self._longest_s, self._culprit = 0.0, ""  # the longest step of this pass, once it is long enough to be named
        self._worst_s, self._worst_culprit = 0.0, ""

    def after_io_wait(self, timeout: float) -> None:
        self._pass_began = self._step_began = self._clock()
        self._task, self._longest_s, self._culprit = None, 0.0, ""

    def before_task_step(self, task: Task) -> None:
        now = self._clock()
        if now - self._step_began > STALL_S / 2:
            self._name(now)
        self._step_began, self._task = now, task

    def before_io_wait(self, timeout: float) -> None:
        now = self._clock()
        if now - self._step_began > STALL_S / 2:
            self._name(now)
        if (lasted_s := now - self._pass_began) > self._worst_s:
            self._worst_s, self._worst_culprit = lasted_s, self._culprit or "many tasks"

    def take(self) -> tuple[float, str]:
        """(the longest pass in seconds, which task had most of it), and begin anew."""
        found = self._worst_s, self._worst_culprit
        self._worst_s, self._worst_culprit = 0.0, ""
        return found

    def _name(self, now: float) -> None:
        """The step that has just ended was long."""
        if self._task is not None and (lasted_s := now - self._step_began) > self._longest_s:
            self._longest_s, self._culprit = lasted_s, _where(self._task)


async def watch_loop(observe_s: Callable[[float], None], emit: Callable[[Event], None]) -> None:
    """Once a second, until cancelled: the longest pass of that second to `observe_s`, and one of `STALL_S` or more as
    an event."""
    lag = LoopLag()
    trio.lowlevel.add_instrument(lag)
    try:
        while True:
            await trio.sleep(LOOK_S)
            lasted_s, culprit = lag.take()
            observe_s(lasted_s)
            if lasted_s >= STALL_S:
                emit(Watchdog(what="loop-stall", action=f"{round(lasted_s * 1000)} ms: {culprit}"))
    finally:
        trio.lowlevel.remove_instrument(lag)


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
