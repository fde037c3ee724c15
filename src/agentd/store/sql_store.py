"""The ports `agentd.storage.Store` and `agentd.ledger.Ledger` over SQLAlchemy Core, and those of `agentd.office` as its
parts: each verb is one transaction in one of few threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import trio
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from agentd.call.streams import in_thread
from agentd.config import Settings
from agentd.errors import ConfigError
from agentd.events import Private
from agentd.ledger import ApprovalRow, ToolCallRow
from agentd.storage import (
    AuditRow,
    CallRow,
    Change,
    Conversation,
    Counts,
    Dealings,
    Keep,
    Person,
    SlotsRow,
    StoreError,
)
from agentd.store import audit, calls, conversations, ledger, people, retention
from agentd.store.database import CONNECTIONS, Database
from agentd.store.migrate import is_current
from agentd.store.office import SqlCalendar, SqlCrm, SqlFiles, SqlMessages
from agentd.store.outage import is_lock, may_pass
from agentd.store.upgrade import upgrade

T = TypeVar("T")

CLOSE_S = 2.0
OPEN_TRIES = 10  # of a lock that another process holds while it migrates: 30 s in all


def wall_ms() -> int:
    return round(time.time() * 1000)


class SqlStore:
    """See the ports. `open` it first: until then every verb raises `StoreError`; `aclose` it in the end. `now_ms`: the
    time of day, which rows are stamped with.

    `crm`, `calendar`, `messages`, `files`: the parts of an office that are kept here.
    """

    def __init__(self, settings: Settings, now_ms: Callable[[], int] = wall_ms) -> None:
        """Raises `ConfigError` for a `DATABASE_URL` that cannot be one."""
        self._settings = settings
        self.database = Database(settings)
        self._threads = trio.CapacityLimiter(CONNECTIONS)
        self._shut = "the store is not open"  # "" once the schema is there: nothing is read or written before
        self._now_ms = now_ms
        self.crm = SqlCrm(self._do, now_ms)
        self.calendar = SqlCalendar(self._do, now_ms)
        self.messages = SqlMessages(self._do, now_ms)
        self.files = SqlFiles(self._do, now_ms)

    @property
    def name(self) -> str:
        """Which database, without a password."""
        return self.database.name

    async def open(self, *, create: bool = True) -> None:
        """Migrated, too. Raises `StoreError` when the database cannot be had now, and may be opened again later;
        `ConfigError` when somebody must correct a setting first."""
        await self._thread(partial(self.database.prepare, create=create))
        refused = False
        for left in reversed(range(OPEN_TRIES)):
            try:
                if not await self._thread(partial(self.database.transaction, is_current)):
                    await self._thread(partial(upgrade, self._settings))
            except StoreError as error:
                if left and is_lock(error.__cause__):
                    continue  # another process migrates
                self._shut = f"{self.name} cannot be used: {error}"
                cause = error.__cause__  # none: the upgrade's process was cut off
                if cause is None or await self._thread(partial(may_pass, cause, self.database.engine)):
                    raise StoreError(self._shut) from error
                if not refused:
                    refused = True
                    continue  # unless it only came up in between
                where, cure = ("DATABASE_URL", "correct the URL, or what the server allows")
                if self.database.file is not None:
                    where, cure = ("AGENTD_STATE", "repair the file or move it away")
                raise ConfigError("settings", where, self._shut, cure) from error
            else:
                self._shut = ""
                return

    async def aclose(self) -> None:
        with trio.CancelScope(shield=True, relative_deadline=CLOSE_S):
            await self._thread(self.database.close)

    async def write(self, changes: Sequence[Change]) -> int:
        try:
            await self._do(calls.write, changes)
        except StoreError as error:
            if not _impossible(error):
                raise
        else:
            return 0
        refused = 0
        for change in changes:  # one of them cannot be stored; the others can
            try:
                await self._do(calls.write, [change])
            except StoreError as error:
                if not _impossible(error):
                    raise
                refused += 1
        return refused

    async def calls(self, *, limit: int = 50, since_ms: int = 0) -> list[CallRow]:
        return await self._do(conversations.newest, limit, since_ms, writes=False)

    async def conversation(self, call_sid: str) -> Conversation | None:
        return await self._do(conversations.conversation, call_sid, writes=False)

    async def person(self, phone: Private) -> Person:
        return await self._do(people.person, phone.text, writes=False)

    async def dealings(self, phone: Private) -> Dealings:
        return await self._do(people.dealings_with, phone.text, writes=False)

    async def dealings_of(self, call: CallRow) -> Dealings:
        return await self._do(people.dealings_of, call, writes=False)

    async def slots(self, call_sid: str) -> SlotsRow | None:
        return await self._do(conversations.slots_of, call_sid, writes=False)

    async def calls_over_without_job(self, *, before_ms: int, limit: int = 50) -> list[str]:
        return await self._do(conversations.over_without_job, before_ms, limit, writes=False)

    async def job_begun(self, call_sid: str) -> None:
        await self._do(conversations.job_begun, call_sid, self._now_ms())

    async def forget(self, phone: Private, actor: str) -> Counts:
        def remove(connection: Connection) -> Counts:
            counts = people.remove(connection, phone.text)
            audit.append(connection, actor, "person-delete", counts, self._now_ms())
            return counts

        counts = await self._do(remove)
        await self._thread(self.database.after_removal)
        return counts

    async def sweep(self, keep: Keep, now_ms: int) -> Counts:
        counts: Counts = {}
        for table, column, days in retention.clocks(keep):
            if not days:
                continue
            before = retention.cutoff_ms(now_ms, days)
            while removed := await self._do(retention.step, table, column, before):
                retention.counted(counts, table, removed)
        if counts:
            await self.audit("agentd", "sweep", counts, now_ms)
            await self._thread(self.database.after_removal)
        return counts

    async def audit(self, actor: str, action: str, detail: Mapping[str, str | int], now_ms: int) -> AuditRow:
        return await self._do(audit.append, actor, action, detail, now_ms)

    async def trail(self) -> list[AuditRow]:
        return await self._do(audit.trail, writes=False)

    # --- the ledger

    async def tool_judged(self, row: ToolCallRow) -> None:
        await self._do(ledger.tool_judged, row)

    async def tool_over(self, id: str, outcome: str, result: Private, ms: int) -> None:
        await self._do(ledger.tool_over, id, outcome, result.text, ms)

    async def tool_calls(self, call_sid: str) -> list[ToolCallRow]:
        return await self._do(ledger.of_call, call_sid, writes=False)

    async def ask(self, row: ApprovalRow) -> None:
        await self._do(ledger.ask, row)

    async def approval(self, id: str) -> ApprovalRow | None:
        return await self._do(ledger.approval, id, writes=False)

    async def approvals(self, *, state: str = "", limit: int = 50) -> list[ApprovalRow]:
        return await self._do(ledger.newest, state, limit, writes=False)

    async def change(self, before: ApprovalRow, after: ApprovalRow) -> bool:
        return await self._do(ledger.change, before, after, self._now_ms())

    async def calls_with_tool_since(self, tool: str, since_ms: int) -> int:
        return await self._do(ledger.allowed_since, tool, since_ms, writes=False)

    # --- one transaction in a thread

    async def _do(self, fn: Callable[..., T], *args: object, writes: bool = True) -> T:
        """`fn(connection, *args)` in a transaction of its own. Raises `StoreError` until `open` has succeeded."""
        if self._shut:
            raise StoreError(self._shut)

        def work(connection: Connection) -> T:
            return fn(connection, *args)

        return await self._thread(partial(self.database.transaction, work, writes=writes))

    async def _thread(self, fn: Callable[[], T]) -> T:
        return await in_thread(fn, limiter=self._threads)


def _impossible(error: StoreError) -> bool:
    """No database will ever hold it: trying again is useless."""
    return isinstance(error.__cause__, DataError | IntegrityError)
