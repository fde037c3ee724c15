"""The office's records over HTTP: each verb is one request of the README's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from agentd.office import Customer, Lead, LeadDraft, Meeting, MeetingDraft, Office, Span, Unknown
from agentd_crm_http import wire
from agentd_crm_http.access import Access
from agentd_crm_http.client import OF_A_BOOKING, OF_ONE, CrmClient

MOST_ID = 200  # characters
_MEETINGS = "/calendar/meetings"


def office(access: Access, own: Office) -> Office:
    """`own` with the CRM's parts in place of the store's."""
    client = CrmClient(access)
    return replace(own, crm=HttpCrm(client), calendar=HttpCalendar(client) if access.calendar else own.calendar)


class HttpCrm:
    """`agentd.office.Crm`."""

    def __init__(self, client: CrmClient) -> None:
        self._client = client

    async def search(self, *, phone: str = "", name: str = "", limit: int = 5) -> list[Customer]:
        asked = {"phone": phone, "name": name, "limit": limit}
        found = await self._client.search("/customers/search", asked, wire.Customers)
        return [row.customer() for row in found.customers[:limit]]

    async def get(self, customer_id: str) -> Customer | None:
        try:
            return (await self._client.get(f"/customers/{_part(customer_id)}", wire.CustomerRow)).customer()
        except Unknown:
            return None

    async def update(self, customer_id: str, changes: Mapping[str, str], key: str) -> Customer:
        path, body = f"/customers/{_part(customer_id)}", {"changes": dict(changes)}
        return (await self._client.change("PATCH", path, body, key, wire.CustomerRow, OF_ONE)).customer()

    async def upsert_lead(self, draft: LeadDraft, key: str) -> Lead:
        return (await self._client.change("POST", "/leads", wire.lead_body(draft), key, wire.LeadRow, {})).lead()

    async def tag_lead(self, lead_id: str, tags: Sequence[str], key: str) -> Lead:
        path, body = f"/leads/{_part(lead_id)}/tags", {"tags": list(tags)}
        return (await self._client.change("POST", path, body, key, wire.LeadRow, OF_ONE)).lead()

    async def leads(self, *, phone: str = "", limit: int = 50) -> list[Lead]:
        found = await self._client.search("/leads/search", {"phone": phone, "limit": limit}, wire.Leads)
        return [row.lead() for row in found.leads[:limit]]


class HttpCalendar:
    """`agentd.office.Calendar`."""

    def __init__(self, client: CrmClient) -> None:
        self._client = client

    async def taken(self, within: Span) -> list[Span]:
        found = await self._client.search("/calendar/taken", wire.span_body(within), wire.Taken)
        return sorted((row.span() for row in found.taken), key=lambda span: (span.from_ms, span.until_ms))

    async def book(self, draft: MeetingDraft, key: str) -> Meeting:
        body = wire.meeting_body(draft)
        return (await self._client.change("POST", _MEETINGS, body, key, wire.MeetingRow, OF_A_BOOKING)).meeting()

    async def meetings(self, within: Span) -> list[Meeting]:
        found = await self._client.search(f"{_MEETINGS}/search", wire.span_body(within), wire.Meetings)
        return [row.meeting() for row in found.meetings]


def _part(identifier: str) -> str:
    """An id as one part of a path. What cannot be one ("", "..") is the id of nothing."""
    if not identifier.strip(".") or len(identifier) > MOST_ID:
        raise Unknown("no such id")
    return quote(identifier.encode("utf-8", "surrogatepass"), safe="")
