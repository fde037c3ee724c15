"""All that is kept of one person, by their number: to hand out, and to remove. Blocking; inside a transaction.

What is handed out leaves out `effects`, which hold copies of other rows.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, delete, false, or_, select

from agentd.storage import CallRow, Counts, CustomerRow, Dealings, Person
from agentd.store import crm, meetings, messages
from agentd.store.calls import REAL_NUMBER
from agentd.store.conversations import of_caller
from agentd.store.tables import (
    approvals,
    call_notes,
    calls,
    customers,
    effects,
    lead_tags,
    leads,
    recordings,
    slots,
    summaries,
    tool_calls,
    transcripts,
    turns,
)
from agentd.store.tables import meetings as meetings_table
from agentd.store.tables import messages as messages_table

_OF_A_CALL: Final = (transcripts, turns, recordings, slots, call_notes, summaries, tool_calls, approvals, effects)
"""Tables that name the call a row belongs to."""

MESSAGES_AFTER_MS: Final = 24 * 3600 * 1000
"""What is written so soon after a call is about it: confirmations are sent by jobs, and answered."""

NATIONAL: Final = 9
"""Digits from the right by which a number is known however it is written: "+972 50-123-4567", "0501234567"."""


def person(connection: Connection, phone: str) -> Person:
    """Everything, oldest first."""
    row = connection.execute(select(customers).where(customers.c.phone == phone)).first()
    customer = CustomerRow(crm.customer(row), row.first_ms, row.last_ms) if row is not None else None
    return Person(customer, tuple(of_caller(connection, phone)), dealings_with(connection, phone))


def dealings_with(connection: Connection, phone: str) -> Dealings:
    """None with whoever has no number: "anonymous" is not one person."""
    if not REAL_NUMBER.fullmatch(phone):
        return Dealings()
    met, wrote = meetings_table.c.with_phone == phone, messages_table.c.phone == phone
    return _dealings(connection, leads.c.phone == phone, met, wrote)


def dealings_of(connection: Connection, call: CallRow) -> Dealings:
    """What came of one call. Who does not show their number is not taken for all the others who do not."""
    sid, phone = call.call_sid, call.caller.text
    until_ms = (call.ended_ms or call.began_ms) + MESSAGES_AFTER_MS
    known = leads.c.phone == phone if REAL_NUMBER.fullmatch(phone) else false()
    wrote = (messages_table.c.phone == phone) & messages_table.c.at_ms.between(call.began_ms, until_ms)
    return _dealings(connection, known | (leads.c.call_sid == sid), meetings_table.c.call_sid == sid, wrote)


def _dealings(
    connection: Connection, lead: ColumnElement[bool], met: ColumnElement[bool], wrote: ColumnElement[bool]
) -> Dealings:
    of_leads = select(leads).where(lead).order_by(leads.c.created_ms, leads.c.id)
    of_meetings = select(meetings_table).where(met).order_by(meetings_table.c.from_ms)
    of_messages = select(messages_table).where(wrote).order_by(messages_table.c.at_ms, messages_table.c.id)
    return Dealings(
        leads=tuple(crm.leads_of(connection, connection.execute(of_leads).all())),
        meetings=tuple(map(meetings.meeting, connection.execute(of_meetings))),
        messages=tuple(map(messages.as_note, connection.execute(of_messages))),
    )


def remove(connection: Connection, phone: str) -> Counts:
    """Remove everything; the counts of rows by table, of those that had any."""
    theirs = select(calls.c.call_sid).where(calls.c.caller == phone)
    of_leads = select(leads.c.id).where(leads.c.phone == phone).with_for_update()
    their_leads = connection.execute(of_leads).scalars().all()  # locked before their tags, as whoever adds one does it
    doomed: list[tuple[Table, ColumnElement[bool]]] = [
        (table, or_(table.c.call_sid.in_(theirs), *_also(table, phone))) for table in _OF_A_CALL
    ]
    doomed += [
        (lead_tags, lead_tags.c.lead_id.in_(their_leads)),
        (leads, leads.c.phone == phone),
        (meetings_table, meetings_table.c.with_phone == phone),
        (messages_table, messages_table.c.phone == phone),
        (calls, calls.c.caller == phone),
        (customers, customers.c.phone == phone),
    ]
    counts = {table.name: connection.execute(delete(table).where(which)).rowcount for table, which in doomed}
    return {name: rows for name, rows in counts.items() if rows}


def _also(table: Table, phone: str) -> list[ColumnElement[bool]]:
    """Rows of theirs that belong to none of their calls: a tool can be asked for them in a chat, or by a job. What
    belongs to somebody else's call is that person's."""
    if "phone" in table.c:
        return [table.c.phone == phone]
    of_nobody = table.c.call_sid.not_in(select(calls.c.call_sid))
    texts = [table.c[name] for name in ("arguments", "result") if name in table.c]
    return [of_nobody & text.contains(phone[-NATIONAL:]) for text in texts]
