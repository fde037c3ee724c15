"""A ledger in memory, with the rules of the real one: what changed by version, and what is refused twice."""

from __future__ import annotations

from dataclasses import replace

import trio

from agentd.events import Private
from agentd.ledger import ApprovalRow, ToolCallRow
from agentd.storage import StoreError


class MemoryLedger:
    """Keeps the port `agentd.ledger.Ledger`. Every verb is one task step and a checkpoint, as the real one's threads
    are. `broken` is what every verb raises `StoreError` with, while it is not empty. `history`: each approval's rows
    as they were written."""

    def __init__(self) -> None:
        self.broken = ""
        self.history: dict[str, list[ApprovalRow]] = {}
        self._calls: dict[str, ToolCallRow] = {}

    async def tool_judged(self, row: ToolCallRow) -> None:
        await self._checkpoint()
        self._calls.setdefault(row.id, row)

    async def tool_over(self, id: str, outcome: str, result: Private, ms: int) -> None:
        await self._checkpoint()
        row = self._calls.get(id)
        if row is not None and not row.outcome:
            self._calls[id] = replace(row, outcome=outcome, result=result, ms=ms)

    async def tool_calls(self, call_sid: str) -> list[ToolCallRow]:
        await self._checkpoint()
        of_call = [row for row in self._calls.values() if row.call_sid == call_sid]
        return sorted(of_call, key=lambda row: (row.at_ms, row.id))

    async def ask(self, row: ApprovalRow) -> None:
        await self._checkpoint()
        self.history.setdefault(row.id, [row])

    async def approval(self, id: str) -> ApprovalRow | None:
        await self._checkpoint()
        return self.history[id][-1] if id in self.history else None

    async def approvals(self, *, state: str = "", limit: int = 50) -> list[ApprovalRow]:
        await self._checkpoint()
        found = [rows[-1] for rows in self.history.values() if state in ("", rows[-1].state)]
        return sorted(found, key=lambda row: (-row.asked_ms, row.id))[:limit]

    async def change(self, before: ApprovalRow, after: ApprovalRow) -> bool:
        await self._checkpoint()
        rows = self.history.get(before.id)
        if rows is None or rows[-1].version != before.version:
            return False
        decided = {name: getattr(after, name) for name in ("state", "version", "decided_ms", "decided_by")}
        rows.append(replace(rows[-1], **decided))
        return True

    async def calls_with_tool_since(self, tool: str, since_ms: int) -> int:
        await self._checkpoint()
        since = [row for row in self._calls.values() if row.tool == tool and row.at_ms >= since_ms]
        return sum(row.ruling != "deny" and row.outcome != "denied" for row in since)

    async def _checkpoint(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.broken:
            raise StoreError(self.broken)
