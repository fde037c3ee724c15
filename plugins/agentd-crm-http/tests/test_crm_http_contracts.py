"""What every CRM and calendar of an office must do, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from agentd_crm_http.access import Access
from agentd_crm_http.client import CrmClient
from agentd_crm_http.fake_crm import fake_crm
from agentd_crm_http.office import HttpCalendar, HttpCrm

from agentd.office import Calendar, Crm
from agentd.testing.contracts import CalendarContract, CrmContract


@asynccontextmanager
async def crm_of_its_own() -> AsyncIterator[CrmClient]:
    async with fake_crm() as crm:
        yield CrmClient(Access(crm.url, crm.token))


@asynccontextmanager
async def customers() -> AsyncIterator[Crm]:
    async with crm_of_its_own() as client:
        yield HttpCrm(client)


@asynccontextmanager
async def calendar() -> AsyncIterator[Calendar]:
    async with crm_of_its_own() as client:
        yield HttpCalendar(client)


class TestCrm(CrmContract):
    def opened(self) -> AbstractAsyncContextManager[Crm]:
        return customers()


class TestCalendar(CalendarContract):
    def opened(self) -> AbstractAsyncContextManager[Calendar]:
        return calendar()
