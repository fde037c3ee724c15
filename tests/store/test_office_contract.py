"""The contracts of the office and of the ledger, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agentd.config import Settings
from agentd.ledger import Ledger
from agentd.office import Calendar, Crm, Files, MessageLog
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts import CalendarContract, CrmContract, FilesContract, LedgerContract, MessageLogContract
from agentd.testing.contracts.store import began, said


class OnStore:
    """The store of a test's database; the clock ticks once with each effect."""

    @pytest.fixture(autouse=True)
    def _at(self, settings: Settings) -> None:
        self.settings = settings
        self.now_ms = 1_000_000

    def tick(self) -> int:
        self.now_ms += 1
        return self.now_ms

    @asynccontextmanager
    async def store(self) -> AsyncIterator[SqlStore]:
        self.opened_store = store = SqlStore(self.settings, self.tick)
        await store.open()
        try:
            yield store
        finally:
            await store.aclose()


class TestSqlCrm(OnStore, CrmContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Crm]:
        async with self.store() as store:
            yield store.crm


class TestSqlCalendar(OnStore, CalendarContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Calendar]:
        async with self.store() as store:
            yield store.calendar


class TestSqlMessages(OnStore, MessageLogContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[MessageLog]:
        async with self.store() as store:
            yield store.messages


class TestSqlFiles(OnStore, FilesContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Files]:
        async with self.store() as store:
            yield store.files

    async def heard(self, files: Files, call_sid: str, lines: list[tuple[str, str]]) -> None:
        rows = [said(text, call_sid, seq=seq, who=who) for seq, (who, text) in enumerate(lines)]
        await self.opened_store.write([began(call_sid), *rows])


class TestSqlLedger(OnStore, LedgerContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Ledger]:
        async with self.store() as store:
            yield store
