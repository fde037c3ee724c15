"""An office in memory, with the rules of the real one: for tests of tools, and for authors of tools.

    office = MemoryOffice()
    office.customer("+972501234567", name="Dana")
    ...  # run a tool with `office.parts`
    assert office.effects == [("book", "+972501234567")]

Every verb is a checkpoint. The same idempotency key again changes nothing and returns what the first time returned.
`broken`: while it is not empty, every verb raises `OfficeError` with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import trio

from agentd.core.phone_number import e164
from agentd.events import NOTHING, Private
from agentd.office import (
    Customer,
    Lead,
    LeadDraft,
    Meeting,
    MeetingDraft,
    NotAllowed,
    Note,
    Office,
    OfficeError,
    Span,
    Taken,
    Unknown,
)


class MemoryOffice:
    """`effects`: (verb, whose: a number, or an id, or a CallSid), in their order, each once. `delay_s`: how long each
    verb takes. `messaging`: False refuses messages, as an office without WhatsApp does."""

    def __init__(self, now_ms: Callable[[], int] = lambda: 0) -> None:
        self._now_ms = now_ms
        self.effects: list[tuple[str, str]] = []
        self.broken = ""
        self.delay_s = 0.0
        self.messaging = True
        self.customers: dict[str, Customer] = {}
        self.leads: dict[str, Lead] = {}
        self.meetings: dict[str, Meeting] = {}
        self.notes: list[Note] = []
        self.logs: list[tuple[str, str]] = []
        self.recordings: list[tuple[str, str]] = []
        self.transcripts: dict[str, list[tuple[str, str]]] = {}
        self.summaries: dict[str, str] = {}
        self._done: dict[str, Any] = {}

    @property
    def parts(self) -> Office:
        """What a tool is given."""
        return Office(crm=_Crm(self), calendar=_Calendar(self), messenger=_Messenger(self), files=_Files(self))

    def customer(self, phone: str, name: str = "", email: str = "", notes: str = "") -> Customer:
        """Somebody the business knows."""
        id = f"c{len(self.customers) + 1}"
        self.customers[id] = made = Customer(id, Private(phone), Private(name), Private(email), Private(notes))
        return made

    def meeting(self, span: Span, title: str = "", with_phone: str = "") -> Meeting:
        """Time that is taken."""
        made = Meeting(f"m{len(self.meetings) + 1}", span, title, Private(with_phone), NOTHING, "", "", "booked", 0)
        self.meetings[made.id] = made
        return made

    async def checkpoint(self) -> None:
        await trio.sleep(self.delay_s)
        if self.broken:
            raise OfficeError(self.broken)

    async def once(self, key: str, verb: str, whose: str, make: Callable[[], Any]) -> Any:
        """The effect `make`, unless this key has had its effect."""
        await self.checkpoint()
        if key not in self._done:
            self._done[key] = make()
            self.effects.append((verb, whose))
        return self._done[key]

    def now_ms(self) -> int:
        return self._now_ms()


class _Crm:
    def __init__(self, office: MemoryOffice) -> None:
        self._office = office

    async def search(self, *, phone: str = "", name: str = "", limit: int = 5) -> list[Customer]:
        await self._office.checkpoint()
        every = self._office.customers.values() if phone or name else ()
        return [c for c in every if phone in ("", c.phone.text) and name.casefold() in c.name.text.casefold()][:limit]

    async def get(self, customer_id: str) -> Customer | None:
        await self._office.checkpoint()
        return self._office.customers.get(customer_id)

    async def update(self, customer_id: str, changes: Mapping[str, str], key: str) -> Customer:
        def make() -> Customer:
            if (customer := self._office.customers.get(customer_id)) is None:
                raise Unknown("no such customer")
            notes = "\n".join(n for n in (customer.notes.text, changes.get("notes", "")) if n)
            others = {name: value for name, value in changes.items() if name not in ("name", "email", "notes")}
            changed = replace(
                customer,
                name=Private(changes.get("name", customer.name.text)),
                email=Private(changes.get("email", customer.email.text)),
                notes=Private(notes),
                fields={**customer.fields, **others},
            )
            self._office.customers[customer_id] = changed
            return changed

        customer = self._office.customers.get(customer_id)
        done: Customer = await self._office.once(key, "update", customer.phone.text if customer else "", make)
        return done

    async def upsert_lead(self, draft: LeadDraft, key: str) -> Lead:
        def make() -> Lead:
            id, now = f"{draft.phone.text}/{draft.playbook}", self._office.now_ms()
            old = self._office.leads.get(id)
            tags = (*(old.tags if old else ()), *draft.tags)
            self._office.leads[id] = made = Lead(
                id=id,
                phone=draft.phone,
                playbook=draft.playbook,
                call_sid=draft.call_sid or (old.call_sid if old else ""),
                name=draft.name if draft.name.text or old is None else old.name,
                slots={**(old.slots if old else {}), **draft.slots},
                tags=tuple(dict.fromkeys(tags)),
                status=old.status if old else "new",
                summary=draft.summary if draft.summary.text or old is None else old.summary,
                created_ms=old.created_ms if old else now,
                updated_ms=now,
            )
            return made

        done: Lead = await self._office.once(key, "lead", draft.phone.text, make)
        return done

    async def tag_lead(self, lead_id: str, tags: Sequence[str], key: str) -> Lead:
        def make() -> Lead:
            if (lead := self._office.leads.get(lead_id)) is None:
                raise Unknown("no such lead")
            self._office.leads[lead_id] = made = replace(lead, tags=tuple(dict.fromkeys((*lead.tags, *tags))))
            return made

        lead = self._office.leads.get(lead_id)
        done: Lead = await self._office.once(key, "tag", lead.phone.text if lead else "", make)
        return done

    async def leads(self, *, phone: str = "", limit: int = 50) -> list[Lead]:
        await self._office.checkpoint()
        return [lead for lead in reversed(self._office.leads.values()) if phone in ("", lead.phone.text)][:limit]


class _Calendar:
    def __init__(self, office: MemoryOffice) -> None:
        self._office = office

    async def taken(self, within: Span) -> list[Span]:
        return [meeting.span for meeting in await self.meetings(within) if meeting.status == "booked"]

    async def book(self, draft: MeetingDraft, key: str) -> Meeting:
        def make() -> Meeting:
            if any(_touch(m.span, draft.span) for m in self._office.meetings.values() if m.status == "booked"):
                raise Taken("that time is taken")
            made = Meeting(
                id=f"m{len(self._office.meetings) + 1}",
                span=draft.span,
                title=draft.title,
                with_phone=draft.with_phone,
                with_name=draft.with_name,
                call_sid=draft.call_sid,
                place=draft.place,
                status="booked",
                created_ms=self._office.now_ms(),
            )
            self._office.meetings[made.id] = made
            return made

        done: Meeting = await self._office.once(key, "book", draft.with_phone.text, make)
        return done

    async def meetings(self, within: Span) -> list[Meeting]:
        await self._office.checkpoint()
        found = [meeting for meeting in self._office.meetings.values() if _touch(meeting.span, within)]
        return sorted(found, key=lambda meeting: meeting.span.from_ms)


class _Messenger:
    def __init__(self, office: MemoryOffice) -> None:
        self._office = office

    async def send(self, to: Private, text: str, key: str, *, template: str = "") -> Note:
        def make() -> Note:
            if not self._office.messaging:
                raise NotAllowed("no WhatsApp account")
            made = Note(f"n{len(self._office.notes) + 1}", to, True, Private(text), self._office.now_ms(), "queued")
            self._office.notes.append(made)
            return made

        done: Note = await self._office.once(key, "send", e164(to.text) or to.text, make)
        return done

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        await self._office.checkpoint()
        return [note for note in reversed(self._office.notes) if note.phone == phone][:limit]


class _Files:
    def __init__(self, office: MemoryOffice) -> None:
        self._office = office

    async def log_create(self, call_sid: str, phone: Private, note: Private, key: str) -> str:
        def make() -> str:
            self._office.logs.append((call_sid, note.text))
            return f"l{len(self._office.logs)}"

        done: str = await self._office.once(key, "log", call_sid, make)
        return done

    async def attach_recording(self, call_sid: str, recording_sid: str, key: str) -> None:
        def make() -> None:
            self._office.recordings.append((call_sid, recording_sid))

        await self._office.once(key, "attach", call_sid, make)

    async def transcript(self, call_sid: str, limit: int = 50) -> list[tuple[str, str]]:
        await self._office.checkpoint()
        return self._office.transcripts.get(call_sid, [])[-limit:]

    async def keep_summary(self, call_sid: str, summary: Private, key: str) -> None:
        def make() -> None:
            self._office.summaries[call_sid] = summary.text

        await self._office.once(key, "summary", call_sid, make)


def _touch(one: Span, other: Span) -> bool:
    return one.from_ms < other.until_ms and other.from_ms < one.until_ms
