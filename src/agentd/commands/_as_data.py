"""Rows of the store as JSON: keys as in the tables, what a person said and their number in clear."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from agentd.events import Private
from agentd.office import Span

if TYPE_CHECKING:
    from agentd.storage import Conversation, Dealings, Person


def as_json(data: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def conversation(found: Conversation) -> dict[str, Any]:
    """The call's fields, and all that belongs to it."""
    return row(found.call) | {
        "lines": rows(found.lines),
        "measures": rows(found.turns),
        "recordings": rows(found.recordings),
        "slots": None if found.slots is None else msgspec.json.decode(found.slots.known.text),
        "tool_calls": rows(found.tool_calls),
        "approvals": rows(found.approvals),
        "notes": rows(found.notes),
        "summary": found.summary.text,
    }


def dealings(found: Dealings) -> dict[str, Any]:
    return {
        "leads": rows(found.leads),
        "meetings": rows(found.meetings),
        "messages": rows(found.messages),
    }


def person(found: Person) -> dict[str, Any]:
    customer = found.customer
    return {
        "customer": None
        if customer is None
        else row(customer.record) | {"first_ms": customer.first_ms, "last_ms": customer.last_ms},
        "calls": [conversation(call) for call in found.calls],
    } | dealings(found.dealings)


def rows(found: Iterable[Any]) -> list[dict[str, Any]]:
    return [row(each) for each in found]


def row(found: Any) -> dict[str, Any]:
    """The fields of one row of the store; those that are rows themselves (a meeting's span) stand beside the others."""
    plain: dict[str, Any] = {}
    for name in found.__slots__:
        value = getattr(found, name)
        if isinstance(value, Private):
            plain[name] = value.text
        elif isinstance(value, Span):
            plain |= row(value)
        else:
            plain[name] = value
    return plain
