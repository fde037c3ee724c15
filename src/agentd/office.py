"""The port to the business's own records: customers, leads, the calendar, messages. The store implements it, and so may
an external CRM (`agentd_crm`); tools know nothing else (SPEC 7.5).

Times are milliseconds since 1970 (UTC). Every verb with an effect takes an idempotency key: the second time with the
same key changes nothing and returns what the first returned. Errors are `OfficeError`; what a database or a server
says never crosses the port.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agentd.errors import AgentdError, Fault
from agentd.events import NOTHING, Private


class OfficeError(AgentdError):
    """It cannot be done now; the same request may work later."""

    code = "office"
    fault = Fault.OPERATOR


class Taken(OfficeError):
    """That time is no longer free."""

    code = "taken"


class Unknown(OfficeError):
    """There is no such customer, lead or meeting."""

    code = "unknown"


class NotAllowed(OfficeError):
    """Refused for good: outside WhatsApp's 24 hours, not configured, no consent. Trying again is useless."""

    code = "not-allowed"


@dataclass(frozen=True, slots=True)
class Customer:
    """A person. `id` is opaque. `fields`: what else is known, by name."""

    id: str
    phone: Private
    name: Private = NOTHING
    email: Private = NOTHING
    notes: Private = NOTHING
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeadDraft:
    """What is known of somebody's wish. One lead per phone and playbook: a second draft is merged into it, value by
    value. `slots`: the playbook's slots, normalised."""

    phone: Private
    playbook: str
    call_sid: str = ""
    name: Private = NOTHING
    slots: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    summary: Private = NOTHING


@dataclass(frozen=True, slots=True)
class Lead:
    id: str
    phone: Private
    playbook: str
    call_sid: str
    name: Private
    slots: Mapping[str, str]
    tags: tuple[str, ...]
    status: str  # "new", "contacted", "won", "lost"
    summary: Private
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class Span:
    """Taken time: `from_ms` <= t < `until_ms`."""

    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class MeetingDraft:
    """`with_phone` is the customer's number."""

    span: Span
    title: str
    with_phone: Private
    with_name: Private = NOTHING
    call_sid: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Meeting:
    id: str
    span: Span
    title: str
    with_phone: Private
    with_name: Private
    call_sid: str
    place: str
    status: str  # "booked", "cancelled"
    created_ms: int


@dataclass(frozen=True, slots=True)
class Note:
    """One message of a WhatsApp thread. `ours`: we sent it. `status`: of ours, as last told: "sending", "queued",
    "sent", "delivered", "read", "failed"; "received" for theirs."""

    id: str
    phone: Private
    ours: bool
    text: Private
    at_ms: int
    status: str = ""


class Crm(Protocol):
    async def search(self, *, phone: str = "", name: str = "", limit: int = 5) -> list[Customer]:
        """Those who fit what is given; exact for a phone (E.164), by parts for a name."""

    async def get(self, customer_id: str) -> Customer | None: ...

    async def update(self, customer_id: str, changes: Mapping[str, str], key: str) -> Customer:
        """`changes`: "name", "email", "notes" (added to what is there), or another field. Raises `Unknown`."""

    async def upsert_lead(self, draft: LeadDraft, key: str) -> Lead: ...

    async def tag_lead(self, lead_id: str, tags: Sequence[str], key: str) -> Lead:
        """Add tags. Raises `Unknown`."""

    async def leads(self, *, phone: str = "", limit: int = 50) -> list[Lead]:
        """The newest first."""


class Calendar(Protocol):
    async def taken(self, within: Span) -> list[Span]:
        """Booked time that touches `within`, in order."""

    async def book(self, draft: MeetingDraft, key: str) -> Meeting:
        """Raises `Taken` when any of it is; two callers who want the same time: one gets it."""

    async def meetings(self, within: Span) -> list[Meeting]: ...


class Messenger(Protocol):
    async def send(self, to: Private, text: str, key: str, *, template: str = "") -> Note:
        """Send a WhatsApp message. `template`: a ContentSid, for outside the 24 hours; `text` then is what it says.
        Raises `NotAllowed` for free text outside them, or without a WhatsApp account."""

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        """The newest first."""


class MessageLog(Protocol):
    """Where a `Messenger` keeps its threads: what it sent, what it received, and what became of it."""

    async def keep(self, note: Note, key: str = "") -> Note:
        """Keep a message; if one with its id, or one of ours with its key, is there already, nothing changes and that
        one is returned. So with a fresh id for a message of ours, whoever gets theirs back is the one to send it."""

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        """The newest first."""

    async def set_status(self, id: str, status: str, *, provider_id: str = "") -> Note | None:
        """What is said of a message now; `id` is ours or the provider's, and `provider_id`, if given, is remembered as
        the latter. A status that lies behind the one that is known changes nothing: callbacks overtake each other.
        Returns the message, None if there is no such."""


class Files(Protocol):
    """What is kept of calls, as far as an agent may see and add to it."""

    async def log_create(self, call_sid: str, phone: Private, note: Private, key: str) -> str:
        """Add a note to a call's log; its id."""

    async def attach_recording(self, call_sid: str, recording_sid: str, key: str) -> None: ...

    async def transcript(self, call_sid: str, limit: int = 50) -> list[tuple[str, str]]:
        """The last lines as ("caller" or "agent", text), oldest first."""

    async def keep_summary(self, call_sid: str, summary: Private, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Office:
    crm: Crm
    calendar: Calendar
    messenger: Messenger
    files: Files
