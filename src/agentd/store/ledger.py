"""Tool calls and approvals (the port is `agentd.ledger`), each change with its entry in the audit trail, in one
transaction. Blocking.

The trail outlives the rows and holds no personal data, yet must prove them. `seal` does: a SHA-256 over the row's id,
the tool and the arguments as they are kept. With the row it can be computed again; without it, nobody can guess the
arguments by trying numbers, because the id is gone too.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from agentd.events import Private
from agentd.ledger import ApprovalRow, ToolCallRow
from agentd.store import audit
from agentd.store.dialects import is_new
from agentd.store.redact import redact, redact_json
from agentd.store.tables import approvals, tool_calls


def seal(id: str, tool: str, arguments: str) -> str:
    return hashlib.sha256(msgspec.json.encode([id, tool, arguments])).hexdigest()


# --- tool calls


def tool_judged(connection: Connection, row: ToolCallRow) -> None:
    """Once by its id."""
    kept = asdict(row) | {"arguments": redact_json(row.arguments.text), "result": redact_json(row.result.text)}
    if not is_new(connection, tool_calls, kept):
        return
    proof = seal(row.id, row.tool, kept["arguments"])
    detail = {"tool": row.tool, "ruling": row.ruling, "rule": row.rule, "seal": proof}
    audit.append(connection, row.agent, "tool", detail, row.at_ms)


def tool_over(connection: Connection, id: str, outcome: str, result: str, ms: int) -> None:
    """The first outcome stays."""
    connection.execute(
        update(tool_calls)
        .where(tool_calls.c.id == id, tool_calls.c.outcome == "")
        .values(outcome=outcome, result=redact_json(result), ms=ms)
    )


def of_call(connection: Connection, call_sid: str) -> list[ToolCallRow]:
    chosen = select(tool_calls).where(tool_calls.c.call_sid == call_sid).order_by(tool_calls.c.at_ms, tool_calls.c.id)
    return [tool_call(row) for row in connection.execute(chosen)]


def allowed_since(connection: Connection, tool: str, since_ms: int) -> int:
    """Those that a person has still to decide count as allowed, those that they denied do not."""
    allowed = (tool_calls.c.ruling != "deny") & (tool_calls.c.outcome != "denied")
    of_tool = (tool_calls.c.tool == tool) & (tool_calls.c.at_ms >= since_ms)
    return connection.execute(select(func.count()).select_from(tool_calls).where(of_tool, allowed)).scalar_one()


def tool_call(row: Any) -> ToolCallRow:
    return ToolCallRow(
        **{**row._mapping, "arguments": Private(row.arguments), "result": Private(row.result)},
    )


# --- approvals


def ask(connection: Connection, row: ApprovalRow) -> None:
    """Once by its id."""
    kept = asdict(row) | {"arguments": redact_json(row.arguments.text), "why": redact(row.why)}
    if is_new(connection, approvals, kept):
        _audit(connection, row, kept["arguments"], row.agent, row.asked_ms)


def change(connection: Connection, before: ApprovalRow, after: ApprovalRow, at_ms: int) -> bool:
    if after.version != before.version + 1:
        raise ValueError(f"a change of {before.id} must count: version {before.version} -> {after.version}")
    changed = connection.execute(
        update(approvals)
        .where(approvals.c.id == before.id, approvals.c.version == before.version)
        .values(state=after.state, version=after.version, decided_ms=after.decided_ms, decided_by=after.decided_by)
        .returning(approvals.c.arguments)
    ).first()
    if changed is None:
        return False
    decided = after.state in ("approved", "denied")
    _audit(connection, after, changed.arguments, after.decided_by if decided else "agentd", at_ms)
    return True


def approval(connection: Connection, id: str) -> ApprovalRow | None:
    row = connection.execute(select(approvals).where(approvals.c.id == id)).first()
    return approval_row(row) if row is not None else None


def newest(connection: Connection, state: str, limit: int) -> list[ApprovalRow]:
    chosen = select(approvals).order_by(approvals.c.asked_ms.desc(), approvals.c.id).limit(limit)
    if state:
        chosen = chosen.where(approvals.c.state == state)
    return [approval_row(row) for row in connection.execute(chosen)]


def approval_row(row: Any) -> ApprovalRow:
    return ApprovalRow(**{**row._mapping, "arguments": Private(row.arguments)})


def _audit(connection: Connection, row: ApprovalRow, arguments: str, actor: str, at_ms: int) -> None:
    proof = seal(row.id, row.tool, arguments)
    detail: dict[str, str | int] = {
        "tool": row.tool,
        "agent": row.agent,
        "state": row.state,
        "version": row.version,
        "seal": proof,
    }
    audit.append(connection, actor, "approval", detail, at_ms)
