"""All inference of the process goes through one small pool, so that no number of calls can start more of it than
the machine has cores; what waits longest is stale and its call has replaced it by then.

Threads and the virtual clock of a test do not go together (an autojump clock does not wait for a thread). `Inline`
has the same shape, runs the work on the loop, and takes a virtual time for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

import trio

T = TypeVar("T")
Args = TypeVarTuple("Args")

_shared: trio.lowlevel.RunVar[trio.CapacityLimiter] = trio.lowlevel.RunVar("agentd_local.pool")


class Pool(Protocol):
    """Runs blocking inference without holding up the calls."""

    async def run(self, work: Callable[[*Args], T], *args: *Args) -> T: ...


def workers() -> int:
    """Threads of inference in the process: one for each core this process may use, two at least (so that a long
    sentence being synthesised does not hold up every recognition)."""
    return max(2, len(os.sched_getaffinity(0)))


class Threads:
    """The pool of the process; every instance is the same pool.

    Cancel: returns at once. The inference itself cannot be stopped (some 100 ms): it keeps its place in the pool
    until it is over, so the bound holds, and its result is dropped.
    """

    async def run(self, work: Callable[[*Args], T], *args: *Args) -> T:
        return await trio.to_thread.run_sync(work, *args, abandon_on_cancel=True, limiter=_limiter())


class Inline:
    """For tests in virtual time: each piece of work takes `latency_s` of the trio clock, and no thread."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s

    async def run(self, work: Callable[[*Args], T], *args: *Args) -> T:
        await trio.sleep(self.latency_s)
        return work(*args)


def _limiter() -> trio.CapacityLimiter:
    try:
        return _shared.get()
    except LookupError:
        limiter = trio.CapacityLimiter(workers())
        _shared.set(limiter)
        return limiter
