"""The audit trail: a chain in which each entry holds the hash of the one before. Blocking; inside a transaction.

A changed, removed or moved entry breaks the chain at that place. What was cut off at the end shows only against a head
that was written down elsewhere; `agentd person` prints it. Entries hold no personal data, and so are never removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select

from agentd.storage import AuditRow
from agentd.store.dialects import alone
from agentd.store.tables import audit

FIRST: Final = "0" * 64  # "the hash before" the first entry


def append(connection: Connection, actor: str, action: str, detail: Mapping[str, str | int], at_ms: int) -> AuditRow:
    """Add an entry; in a writing transaction, which makes writers wait for each other."""
    alone(connection, audit)
    last = connection.execute(select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)).first()
    number, before = (last.number + 1, last.hash) if last is not None else (1, FIRST)
    written = msgspec.json.encode(detail, order="sorted").decode()
    row = AuditRow(number, at_ms, actor, action, written, before, digest(number, at_ms, actor, action, written, before))
    connection.execute(insert(audit).values({name: getattr(row, name) for name in AuditRow.__slots__}))
    return row


def trail(connection: Connection) -> list[AuditRow]:
    return [AuditRow(**row._mapping) for row in connection.execute(select(audit).order_by(audit.c.number))]


def digest(number: int, at_ms: int, actor: str, action: str, detail: str, before: str) -> str:
    """SHA-256 over the fields as a JSON array, which no shifting of text between fields can imitate."""
    return hashlib.sha256(msgspec.json.encode([number, at_ms, actor, action, detail, before])).hexdigest()


def broken_at(rows: Iterable[AuditRow]) -> int | None:
    """The number that the first entry that cannot be has, or should have; None if the chain is whole."""
    expected, before = 1, FIRST
    for row in rows:
        true = digest(row.number, row.at_ms, row.actor, row.action, row.detail, row.before)
        if (row.number, row.before, row.hash) != (expected, before, true):
            return expected
        expected, before = row.number + 1, row.hash
    return None
