"""The ledger in memory keeps what every ledger must."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agentd.testing.contracts.ledger import LedgerContract
from agentd.testing.ledger import MemoryLedger


class TestMemoryLedger(LedgerContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[MemoryLedger]:
        yield MemoryLedger()
