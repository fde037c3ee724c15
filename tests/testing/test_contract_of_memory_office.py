"""The office in memory keeps the contracts of offices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agentd.events import Private
from agentd.office import Calendar, Crm, Customer, Files
from agentd.testing.contracts import CalendarContract, CrmContract, FilesContract
from agentd.testing.contracts.office import PHONE
from agentd.testing.office import MemoryOffice


class InMemory:
    virtual = True
    office: MemoryOffice


class TestMemoryCrm(InMemory, CrmContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Crm]:
        self.office = MemoryOffice()
        yield self.office.parts.crm

    async def a_customer(self, crm: Crm, phone: Private = PHONE, name: str = "Dana Levi") -> Customer:
        return self.office.customer(phone.text, name)


class TestMemoryCalendar(InMemory, CalendarContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Calendar]:
        yield MemoryOffice().parts.calendar


class TestMemoryFiles(InMemory, FilesContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Files]:
        self.office = MemoryOffice()
        yield self.office.parts.files

    async def heard(self, files: Files, call_sid: str, lines: list[tuple[str, str]]) -> None:
        self.office.transcripts[call_sid] = lines
