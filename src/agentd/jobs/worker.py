"""The process that runs jobs: `agentd jobs run`.

    run
     ├─ claim     the lock that says that we are alive
     ├─ steps     the trio side of DBOS's workflows
     ├─ hold      each second: is the lock still ours?
     └─ rounds    each second: calls that are over -> jobs; each third: jobs of the dead -> the queue

It ends when `stop` is called: what is under way stays where it is, and goes on with the next process. A step that has
an effect is finished first, within the deadline of its tool.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar, TypeVarTuple

import trio

from agentd.call.streams import in_thread
from agentd.config import Settings
from agentd.jobs.bridge import Bridge
from agentd.jobs.claim import Claim, claim
from agentd.jobs.durable import FORGET_AT_ONCE, WAITS_S, Durable, Work
from agentd.jobs.errors import JobsError
from agentd.jobs.place import Place
from agentd.storage import Store, StoreError

log = logging.getLogger("agentd.jobs")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ROUND_S: Final = 1.0
TAKE_OVER_ROUNDS: Final = 3
SETTLED_S: Final = 20.0
"""After its end, before the work begins: a call that broke off is resumed within seconds, and is not over then."""
AT_ONCE: Final = 50  # calls a round
CLAIM_TRIES_S: Final = 15.0  # for the one before us to end: it has ten seconds
DAY_S: Final = 24 * 3600.0
UNENDED_S: Final = 7 * DAY_S  # how far back calls are looked for that their process did not see the end of
UNENDED_EVERY_S: Final = 600.0
UNENDED_MOST: Final = 20_000  # 0.3 s of one thread, and hours of a busy house


class Worker:
    """`run` once, in its own process: DBOS is one for a process. `once`: stop by itself when nothing is left to do but
    for its time. `waits_s`: for tests."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        work: Work,
        *,
        settled_s: float = SETTLED_S,
        waits_s: Sequence[float] = WAITS_S,
        once: bool = False,
    ) -> None:
        self._settings, self._store, self._work, self._once = settings, store, work, once
        self._settled_s, self._waits_s = settled_s, waits_s
        self._threads = trio.CapacityLimiter(1)  # one after the other: none of it is in a hurry
        self._claim_thread = trio.CapacityLimiter(1)  # of its own: DBOS may wait long for a server, the lock may not
        self._stopped = trio.Event()
        self._store_reason = ""

    def stop(self) -> None:
        """No new work; `run` returns soon."""
        self._stopped.set()

    async def run(self, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Until `stop`. `started(node)` when jobs are taken up. Raises `JobsError` when this process may not go on, and
        `ConfigError`. A cancel is a stop that does not wait for steps."""
        place = Place.of(self._settings)
        await self._thread(place.prepare)
        ours = await self._claim(place)
        try:
            async with trio.open_nursery() as steps:
                durable = Durable(place, ours.node, self._work, Bridge(steps), self._waits_s)
                async with self._launched(durable):
                    log.info("jobs are run by node %s, their state is in %s", ours.node, place.name)
                    task_status.started(ours.node)
                    async with trio.open_nursery() as rounds:
                        rounds.start_soon(self._hold, ours, steps)
                        rounds.start_soon(self._rounds, ours, durable)
                        rounds.start_soon(self._unended, durable)
                        rounds.start_soon(self._forget, durable)
                        await self._stopped.wait()
                        rounds.cancel_scope.cancel(reason="stopped")
                steps.cancel_scope.cancel(reason="stopped")
        finally:
            ours.close()

    async def _claim(self, place: Place) -> Claim:
        """The one before us may still be ending."""
        deadline = trio.current_time() + CLAIM_TRIES_S
        while True:
            try:
                return await in_thread(claim, place, limiter=self._claim_thread)
            except JobsError:
                if trio.current_time() >= deadline:
                    raise
            await trio.sleep(0.2)

    @asynccontextmanager
    async def _launched(self, durable: Durable) -> AsyncIterator[None]:
        await self._thread(durable.launch)
        try:
            yield
        finally:
            with trio.CancelScope(shield=True):  # takes 2 s at most; whoever stops this process kills it after ten
                await self._thread(durable.destroy)

    # --- the rounds

    async def _hold(self, ours: Claim, steps: trio.Nursery) -> None:
        """Without the lock no step goes on, whatever else still has to end: another process may have its job."""
        try:
            while True:
                await in_thread(ours.still_ours, limiter=self._claim_thread)
                await trio.sleep(ROUND_S)
        except JobsError:
            steps.cancel_scope.cancel(reason="the lock is lost")
            raise

    async def _rounds(self, ours: Claim, durable: Durable) -> None:
        number = 0
        while True:
            if number % TAKE_OVER_ROUNDS == 0:
                await self._take_over(ours, durable)
            begun = await self._begin_what_is_over(durable)
            if self._once and not begun and await self._thread(durable.idle):
                self.stop()
            number += 1
            await trio.sleep(ROUND_S)

    async def _take_over(self, ours: Claim, durable: Durable) -> None:
        others = await self._thread(durable.others)
        dead = [node for node in others if await in_thread(ours.dead, node, limiter=self._claim_thread)]
        if dead:
            log.warning("took over the jobs of %d processes that have ended", len(dead))
            await self._thread(durable.take_over, dead)

    async def _begin_what_is_over(self, durable: Durable) -> int:
        """First the job, then the mark in the store: in between, it would only be begun twice, which is once.
        Returns how many there were."""
        begun = 0
        try:
            before_ms = round((time.time() - self._settled_s) * 1000)
            for call_sid in await self._store.calls_over_without_job(before_ms=before_ms, limit=AT_ONCE):
                await self._thread(durable.begin, call_sid)
                await self._store.job_begun(call_sid)
                begun += 1
        except StoreError as error:
            if not self._store_reason:
                log.error("the store cannot be read: %s. Jobs wait", error)
            self._store_reason = str(error)
        else:
            if self._store_reason:
                log.warning("the store can be read again")
            self._store_reason = ""
        return begun

    async def _unended(self, durable: Durable) -> None:
        """Calls whose process was killed in them, and that were not resumed: they cannot be live any more. Begun again
        each time, which is once."""
        longest_s = self._settings.max_call_sec + self._settings.drain_sec
        while True:
            now_s = time.time()
            try:
                calls = await self._store.calls(limit=UNENDED_MOST, since_ms=round((now_s - UNENDED_S) * 1000))
            except StoreError:
                calls = []  # the rounds say so
            for call in calls:
                if call.ended_ms is None and call.began_ms < (now_s - longest_s) * 1000:
                    await self._thread(durable.begin, call.call_sid)
            await trio.sleep(UNENDED_EVERY_S)

    async def _forget(self, durable: Durable) -> None:
        """Jobs go when their calls do."""
        days = self._settings.retention_calls_days
        while days:
            before = datetime.now(UTC) - timedelta(days=days)
            while await self._thread(durable.forget, before) == FORGET_AT_ONCE:
                pass
            await trio.sleep(DAY_S)

    async def _thread(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        return await in_thread(fn, *args, limiter=self._threads)
