"""What goes over the wire, as the README promises it, and the office's own types out of it.

Times are ISO 8601 in UTC there and milliseconds here. Fields that a CRM adds are ignored; those that it leaves out and
that have a default here are empty.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from agentd.events import Private
from agentd.office import Customer, Lead, LeadDraft, Meeting, MeetingDraft, Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

T = TypeVar("T")
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class CustomerRow(msgspec.Struct, frozen=True):
    id: str
    phone: str
    name: str = ""
    email: str = ""
    notes: str = ""
    fields: dict[str, str] = {}

    def customer(self) -> Customer:
        return Customer(
            self.id, Private(self.phone), Private(self.name), Private(self.email), Private(self.notes), self.fields
        )


class Customers(msgspec.Struct, frozen=True):
    customers: list[CustomerRow]


class LeadRow(msgspec.Struct, frozen=True):
    id: str
    phone: str
    playbook: str
    created: Time
    updated: Time
    call_sid: str = ""
    name: str = ""
    slots: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    status: str = "new"
    summary: str = ""

    def lead(self) -> Lead:
        return Lead(
            self.id,
            Private(self.phone),
            self.playbook,
            self.call_sid,
            Private(self.name),
            self.slots,
            self.tags,
            self.status,
            Private(self.summary),
            to_ms(self.created),
            to_ms(self.updated),
        )


class Leads(msgspec.Struct, frozen=True):
    leads: list[LeadRow]


class SpanRow(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    from_: Time
    until: Time

    def span(self) -> Span:
        return Span(to_ms(self.from_), to_ms(self.until))


class Taken(msgspec.Struct, frozen=True):
    taken: list[SpanRow]


class MeetingRow(SpanRow, frozen=True, kw_only=True, rename={"from_": "from"}):
    id: str
    title: str
    phone: str
    created: Time
    name: str = ""
    call_sid: str = ""
    place: str = ""
    status: Literal["booked", "cancelled"] = "booked"

    def meeting(self) -> Meeting:
        return Meeting(
            self.id,
            self.span(),
            self.title,
            Private(self.phone),
            Private(self.name),
            self.call_sid,
            self.place,
            self.status,
            to_ms(self.created),
        )


class Meetings(msgspec.Struct, frozen=True):
    meetings: list[MeetingRow]


def lead_body(draft: LeadDraft) -> dict[str, Any]:
    return {
        "phone": draft.phone.text,
        "playbook": draft.playbook,
        "call_sid": draft.call_sid,
        "name": draft.name.text,
        "slots": dict(draft.slots),
        "tags": list(draft.tags),
        "summary": draft.summary.text,
    }


def meeting_body(draft: MeetingDraft) -> dict[str, Any]:
    return {
        **span_body(draft.span),
        "title": draft.title,
        "phone": draft.with_phone.text,
        "name": draft.with_name.text,
        "call_sid": draft.call_sid,
        "place": draft.place,
    }


def span_body(span: Span) -> dict[str, Any]:
    return {"from": from_ms(span.from_ms), "until": from_ms(span.until_ms)}


def decoded(body: bytes, kind: type[T]) -> T:
    """Raises `ValueError`: no JSON, not of that kind, or nested without end."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(type(error).__name__) from None


def to_ms(time: datetime) -> int:
    return (time - _EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    return _EPOCH + ms * _MS
