"""Rows of the store as JSON: keys as in the tables, what a person said and their number in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from agentd.events import Private

if TYPE_CHECKING:
    from agentd.storage import CallRow, Conversation, LineRow, Person, RecordingRow, TurnRow


def as_json(data: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def conversation(found: Conversation) -> dict[str, Any]:
    """The call's fields, and its lines, turns and recordings."""
    return row(found.call) | {
        "lines": [row(line) for line in found.lines],
        "measures": [row(turn) for turn in found.turns],
        "recordings": [row(recording) for recording in found.recordings],
    }


def person(found: Person) -> dict[str, Any]:
    customer = found.customer
    return {
        "customer": None
        if customer is None
        else {"phone": customer.phone.text, "first_ms": customer.first_ms, "last_ms": customer.last_ms},
        "calls": [conversation(call) for call in found.calls],
    }


def row(found: CallRow | LineRow | TurnRow | RecordingRow) -> dict[str, Any]:
    plain = {name: getattr(found, name) for name in found.__slots__}
    return {name: value.text if isinstance(value, Private) else value for name, value in plain.items()}
