"""One task per call for all of these guards: it looks at each when that one asked to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Protocol

import trio

from agentd.hookspecs import CallView


class Clock(Protocol):
    """One guard's duty. Synchronous; `look` does what is due and says how long nothing will be (inf: never again)."""

    def look(self, call: CallView) -> float: ...


class Duty(Protocol):
    """A guard's settings; a clock for each call comes out of it."""

    def clock(self) -> Clock: ...


@dataclass(frozen=True)
class Watch:
    """A guard (`hookspecs.Guard`) made of several: a task less for each of them, in every call."""

    duties: tuple[Duty, ...]

    async def __call__(self, call: CallView) -> None:
        due = [(0.0, duty.clock()) for duty in self.duties]
        while due:
            due = [(_look(clock, call) if at <= trio.current_time() else at, clock) for at, clock in due]
            due = [(at, clock) for at, clock in due if at < inf]
            await trio.sleep_until(min((at for at, _ in due), default=0.0))


def _look(clock: Clock, call: CallView) -> float:
    """When it wants to be looked at again."""
    return clock.look(call) + trio.current_time()
