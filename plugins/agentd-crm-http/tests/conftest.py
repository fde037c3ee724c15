"""A CRM on a real socket, and the way to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from agentd_crm_http.access import Access
from agentd_crm_http.client import CrmClient
from agentd_crm_http.fake_crm import FakeCrm, fake_crm
from agentd_crm_http.office import HttpCalendar, HttpCrm


@pytest.fixture(autouse=True)
def straight_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine's stands between."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def crm() -> AsyncIterator[FakeCrm]:
    async with fake_crm() as fake:
        yield fake


@pytest.fixture
def client(crm: FakeCrm) -> CrmClient:
    """It asks again at once: nobody waits for the clock of the wall."""
    return CrmClient(Access(crm.url, crm.token), pauses_s=(0.0, 0.0))


@pytest.fixture
def customers(client: CrmClient) -> HttpCrm:
    return HttpCrm(client)


@pytest.fixture
def calendar(client: CrmClient) -> HttpCalendar:
    return HttpCalendar(client)
