"""The port to the record of tool calls and approvals. The store implements it.

The rule: no tool runs before its verdict is on the disk, and none after its approval has ended (RELIABILITY I3).
Times are milliseconds since 1970. Raises `StoreError`; a gate that cannot record lets only READ tools through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agentd.events import NOTHING, Private


@dataclass(frozen=True, slots=True)
class ToolCallRow:
    """One tool call. `key` is its idempotency key, and with `at_ms` its identity. `arguments` and `result` are JSON;
    `outcome` is "" until it is over, then "ok", "error", "denied", "timeout" or "cancelled"."""

    id: str
    key: str
    call_sid: str
    turn: int
    agent: str
    tool: str
    effect: str
    arguments: Private
    ruling: str
    rule: str
    at_ms: int
    outcome: str = ""
    result: Private = NOTHING
    ms: int | None = None
    approval: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A question to a person, bound to the exact arguments: `digest` is the SHA-256 of tool and canonical arguments.
    `state`: "pending", "approved", "denied", "expired", "void" (the call ended), "used". `version` counts changes."""

    id: str
    call_sid: str
    agent: str
    tool: str
    arguments: Private
    digest: str
    why: str
    state: str
    version: int
    asked_ms: int
    expires_ms: int
    decided_ms: int | None = None
    decided_by: str = ""


class Ledger(Protocol):
    async def tool_judged(self, row: ToolCallRow) -> None:
        """The verdict, before anything runs: the row, and an entry of the audit trail without personal data."""

    async def tool_over(self, id: str, outcome: str, result: Private, ms: int) -> None: ...

    async def tool_calls(self, call_sid: str) -> list[ToolCallRow]: ...

    async def ask(self, row: ApprovalRow) -> None: ...

    async def approval(self, id: str) -> ApprovalRow | None: ...

    async def approvals(self, *, state: str = "", limit: int = 50) -> list[ApprovalRow]:
        """The newest first."""

    async def change(self, before: ApprovalRow, after: ApprovalRow) -> bool:
        """Compare and set, by `version`: False when somebody else was first. Audited."""

    async def calls_with_tool_since(self, tool: str, since_ms: int) -> int:
        """How many calls of a tool were allowed since then, for limits on rate and spend."""
