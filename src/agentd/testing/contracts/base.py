"""What the suites share: the clock, patience, and the proof that nothing is left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked


class Contract:
    """`virtual`: run under a mock clock (not for engines with threads). `patience_s`: what is not over by then has
    hung; in virtual time it costs nothing."""

    virtual = True
    patience_s = 60.0
    pytestmark = pytest.mark.trio

    @pytest.fixture
    def clock(self) -> trio.abc.Clock | None:
        return MockClock(autojump_threshold=0) if self.virtual else None

    @asynccontextmanager
    async def nothing_left(self) -> AsyncIterator[None]:
        """The block ends within `patience_s`, and no task of it lives on."""
        before = trio.lowlevel.current_statistics().tasks_living
        with trio.fail_after(self.patience_s):
            yield
        await wait_all_tasks_blocked()
        left = trio.lowlevel.current_statistics().tasks_living - before
        assert left == 0, f"{left} tasks of the engine are still alive"

    async def beside(self, *runs: Callable[[], Awaitable[None]]) -> None:
        """All at once, to the end of each."""
        async with trio.open_nursery() as nursery:
            for run in runs:
                nursery.start_soon(run)
