"""Run a play: virtual time, and a scheduler that a seed makes repeatable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import trio
import trio.testing
from trio.abc import Instrument

T = TypeVar("T")


def play(async_fn: Callable[[], Awaitable[T]], *, seed: int = 0, instruments: tuple[Instrument, ...] = ()) -> T:
    """`trio.run(async_fn)` with a clock that jumps over every wait; the same seed schedules tasks in the same order."""
    with seeded_scheduler(seed):
        return trio.run(async_fn, clock=trio.testing.MockClock(autojump_threshold=0), instruments=instruments)


@contextmanager
def seeded_scheduler(seed: int) -> Iterator[None]:
    """Fix the order in which trio runs the tasks that are ready. Trio shuffles them through a module-private generator,
    of tasks sorted only if a private flag is set; there is no public way to either. Its plugins for Hypothesis and
    pytest set the same two."""
    run: Any = trio._core._run
    before = run._ALLOW_DETERMINISTIC_SCHEDULING, run._r.getstate()
    run._ALLOW_DETERMINISTIC_SCHEDULING = True
    run._r.seed(seed)
    try:
        yield
    finally:
        run._ALLOW_DETERMINISTIC_SCHEDULING = before[0]
        run._r.setstate(before[1])
