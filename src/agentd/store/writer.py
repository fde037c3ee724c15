"""The subscriber that keeps the calls: it reads the tapes at once, and writes behind them, in batches.

    tapes -> Fold -> queue in memory (bounded) -> one task -> Store.write, in a thread

A database that is full, locked or gone costs no call anything: the queue keeps what it can, the newest is left out
when it is full, and is counted. The queue is written when the database is back, and a last time at the end.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import islice
from typing import Final

import trio

from agentd.events import Recorded
from agentd.storage import Change, Store, StoreError
from agentd.store.fold import KEPT, Fold

log = logging.getLogger("agentd.store")

GATHER_S: Final = 0.5  # how far the store is behind a call at most, when all is well
BATCH: Final = 500  # changes in a transaction
PENDING: Final = 20_000  # changes in memory, about 500 bytes each: seven minutes of a hundred calls
RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)  # between tries; the last one goes on
LAST_WORDS_S: Final = 5.0  # for the end of the tapes and what is pending, when the house ends


class StoreSubscriber:
    """A `Subscriber` of the house. `wall_s` is the time of day that rows are stamped with."""

    name = "store"

    def __init__(self, store: Store, wall_s: Callable[[], float] = time.time, pending: int = PENDING) -> None:
        self._store, self._wall_s, self._limit = store, wall_s, pending
        self._fold = Fold()
        self._pending: deque[Change] = deque()
        self._work = trio.Event()
        self.reason = ""
        self.lost = 0

    @property
    def healthy(self) -> bool:
        """The store is open, and the last write went through. `reason` says why not."""
        return not self.reason

    @property
    def pending(self) -> int:
        """Changes that are not in the store yet."""
        return len(self._pending)

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        """Until the tapes end. A cancel, too, is followed by a last attempt to write what is there: 5 s at most."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                await self._read(tape)
                nursery.cancel_scope.cancel(reason="the tapes have ended")
        finally:
            with trio.CancelScope(shield=True, relative_deadline=LAST_WORDS_S):
                await self._read(tape)  # what was queued when the house ended
                while self._pending and await self._write_batch():
                    pass
            if self._pending:
                log.error("the store has not got %d changes of the last calls: %s", self.pending, self.reason)

    async def _read(self, tape: AsyncIterator[Recorded]) -> None:
        async for recorded in tape:
            if not KEPT[type(recorded.event)]:
                continue
            change = self._fold.read(recorded, round(self._wall_s() * 1000))
            if change is None:
                continue
            if len(self._pending) >= self._limit:
                self.lost += 1
                continue
            self._pending.append(change)
            self._work.set()

    async def _write(self) -> None:
        failures = 0
        while True:
            await self._work.wait()
            if len(self._pending) < BATCH:
                await trio.sleep(GATHER_S)
            if await self._write_batch():
                failures = 0
            else:
                await trio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1

    async def _write_batch(self) -> bool:
        """Write the oldest; what was written leaves the queue in the same step. False: it did not work."""
        batch = list(islice(self._pending, BATCH))
        try:
            refused = await self._store.write(batch)
        except StoreError as error:
            self.failed(str(error))
            return False
        for _ in batch:
            self._pending.popleft()
        if not self._pending:
            self._work = trio.Event()
        if refused:
            log.error("the store cannot hold %d changes, whatever is tried; they are left out", refused)
        self.recovered()
        return True

    def failed(self, reason: str) -> None:
        """Nothing can be written now. Said once, until it can."""
        if self.healthy:
            log.error("the store cannot write: %s. Calls go on; what they leave waits in memory", reason)
        self.reason = reason

    def recovered(self) -> None:
        """Something was written, or can be."""
        if not self.healthy:
            log.warning("the store writes again; %d changes were left out since the start", self.lost)
        self.reason = ""
