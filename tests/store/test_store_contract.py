"""The contract of the store, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agentd.config import Settings
from agentd.storage import Store
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts import StoreContract


class TestSqlStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _at(self, settings: Settings) -> None:
        self.settings = settings

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Store]:
        store = SqlStore(self.settings)
        await store.open()
        try:
            yield store
        finally:
            await store.aclose()
