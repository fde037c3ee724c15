"""The ports of `agentd.office` on the store. Each verb is one transaction, each effect is made once by its key
(`effects.py`). What the database says stays here: `OfficeError` says only that it cannot be done now.

A cancel is noticed when the transaction is over, after 3 s at the latest; what it did is then done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from agentd.events import Private
from agentd.office import Customer, Lead, LeadDraft, Meeting, MeetingDraft, Note, OfficeError, Span
from agentd.storage import StoreError
from agentd.store import crm, files, meetings, messages
from agentd.store.effects import Key, once

T = TypeVar("T")


class Do(Protocol):
    """`fn(connection, *args)` in a transaction of its own, in a thread. Raises `StoreError`."""

    async def __call__(self, fn: Callable[..., T], *args: object, writes: bool = True) -> T: ...


@dataclass(frozen=True, slots=True)
class _Part:
    do: Do
    now_ms: Callable[[], int]

    async def read(self, fn: Callable[..., T], *args: object) -> T:
        return await self._answered(fn, *args, writes=False)

    async def write(self, fn: Callable[..., T], *args: object) -> T:
        return await self._answered(fn, *args, writes=True)

    async def once(self, key: Key, kind: type[T], fn: Callable[..., T], *args: object) -> T:
        """`fn(connection, *args)`, unless it was done under this key."""

        def effect(connection: Connection) -> T:
            return once(connection, key, kind, lambda: fn(connection, *args))

        return await self._answered(effect, writes=True)

    async def _answered(self, fn: Callable[..., T], *args: object, writes: bool) -> T:
        try:
            return await self.do(fn, *args, writes=writes)
        except StoreError as error:
            raise OfficeError("the records cannot be reached now") from error


class SqlCrm(_Part):
    """`agentd.office.Crm`."""

    async def search(self, *, phone: str = "", name: str = "", limit: int = 5) -> list[Customer]:
        return await self.read(crm.search, phone, name, limit)

    async def get(self, customer_id: str) -> Customer | None:
        return await self.read(crm.get, customer_id)

    async def update(self, customer_id: str, changes: Mapping[str, str], key: str) -> Customer:
        of = Key(key, "crm.update", self.now_ms(), phone=customer_id)
        return await self.once(of, Customer, crm.change, customer_id, changes)

    async def upsert_lead(self, draft: LeadDraft, key: str) -> Lead:
        of = Key(key, "crm.upsert_lead", self.now_ms(), draft.phone.text, draft.call_sid)
        return await self.once(of, Lead, crm.upsert_lead, draft, of.at_ms)

    async def tag_lead(self, lead_id: str, tags: Sequence[str], key: str) -> Lead:
        now_ms = self.now_ms()

        def tag(connection: Connection) -> Lead:
            of = Key(key, "crm.tag_lead", now_ms, crm.phone_of_lead(connection, lead_id))
            return once(connection, of, Lead, lambda: crm.tag_lead(connection, lead_id, tags, now_ms))

        return await self.write(tag)

    async def leads(self, *, phone: str = "", limit: int = 50) -> list[Lead]:
        return await self.read(crm.newest_leads, phone, limit)


class SqlCalendar(_Part):
    """`agentd.office.Calendar`."""

    async def taken(self, within: Span) -> list[Span]:
        return await self.read(meetings.taken, within)

    async def book(self, draft: MeetingDraft, key: str) -> Meeting:
        of = Key(key, "calendar.book", self.now_ms(), draft.with_phone.text, draft.call_sid)
        return await self.once(of, Meeting, meetings.book, draft, of.at_ms)

    async def meetings(self, within: Span) -> list[Meeting]:
        return await self.read(meetings.touching, within)


class SqlMessages(_Part):
    """`agentd.office.MessageLog`."""

    async def keep(self, note: Note, key: str = "") -> Note:
        return await self.write(messages.keep, note, key)

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        return await self.read(messages.thread, phone.text, limit)

    async def set_status(self, id: str, status: str, *, provider_id: str = "") -> Note | None:
        return await self.write(messages.set_status, id, status, provider_id)


class SqlFiles(_Part):
    """`agentd.office.Files`."""

    async def log_create(self, call_sid: str, phone: Private, note: Private, key: str) -> str:
        of = Key(key, "files.log_create", self.now_ms(), phone.text, call_sid)
        return await self.once(of, str, files.add_note, call_sid, phone.text, note.text, of.at_ms)

    async def attach_recording(self, call_sid: str, recording_sid: str, key: str) -> None:
        of = Key(key, "files.attach", self.now_ms(), call_sid=call_sid)
        await self.once(of, type(None), files.attach_recording, call_sid, recording_sid, of.at_ms)

    async def transcript(self, call_sid: str, limit: int = 50) -> list[tuple[str, str]]:
        return await self.read(files.last_lines, call_sid, limit)

    async def keep_summary(self, call_sid: str, summary: Private, key: str) -> None:
        of = Key(key, "files.summary", self.now_ms(), call_sid=call_sid)
        await self.once(of, type(None), files.keep_summary, call_sid, summary.text, of.at_ms)
