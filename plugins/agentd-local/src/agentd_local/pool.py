"""All inference of the process goes through one small pool: no number of calls can start more of it than the machine
has cores. What waits longest is stale, and its call has replaced it by the time a thread is free.

Threads and the virtual clock of a test do not go together (an autojump clock does not wait for a thread). `Inline`
has the same shape, runs the work on the loop, and takes virtual time for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

import trio

from agentd.call.streams import in_thread

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Pool(Protocol):
    """Runs blocking inference without holding up the calls."""

    async def run(self, work: Callable[[*Args], T], *args: *Args) -> T: ...


def workers() -> int:
    """Threads of inference in the process: one for each core that it may use, and two at least, so that a long
    sentence being synthesised does not hold up every recognition."""
    return max(2, len(os.sched_getaffinity(0)))


_places = trio.CapacityLimiter(workers())


class Threads:
    """The pool of the process: every instance is the same one.

    Cancel: what waits for a thread leaves at once, what runs when it is done (some 100 ms; inference cannot be
    stopped). Raises `RuntimeError` under a mock clock.
    """

    async def run(self, work: Callable[[*Args], T], *args: *Args) -> T:
        return await in_thread(work, *args, limiter=_places)


class Inline:
    """For tests in virtual time: each piece of work takes `latency_s` of the trio clock, and no thread."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s

    async def run(self, work: Callable[[*Args], T], *args: *Args) -> T:
        await trio.sleep(self.latency_s)
        return work(*args)
