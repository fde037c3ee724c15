"""All that is kept of one person, by their number: to hand out, and to remove. Blocking; inside a transaction."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from agentd.events import Private
from agentd.storage import Counts, CustomerRow, Person
from agentd.store.calls import of_caller
from agentd.store.tables import calls, customers, recordings, transcripts, turns


def person(connection: Connection, phone: str) -> Person:
    """Everything, oldest call first."""
    row = connection.execute(select(customers).where(customers.c.phone == phone)).first()
    customer = CustomerRow(Private(row.phone), row.first_ms, row.last_ms) if row is not None else None
    return Person(customer, tuple(of_caller(connection, phone)))


def remove(connection: Connection, phone: str) -> Counts:
    """Remove everything; the counts of rows by table."""
    theirs = select(calls.c.call_sid).where(calls.c.caller == phone)
    counts = {
        table.name: connection.execute(delete(table).where(table.c.call_sid.in_(theirs))).rowcount
        for table in (transcripts, turns, recordings)
    }
    counts["calls"] = connection.execute(delete(calls).where(calls.c.caller == phone)).rowcount
    counts["customers"] = connection.execute(delete(customers).where(customers.c.phone == phone)).rowcount
    return counts
