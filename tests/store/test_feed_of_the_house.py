"""A meeting that is booked in the store of a whole daemon is in its feed."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import icalendar

from agentd.events import Private
from agentd.office import MeetingDraft, Span
from tests.test_daemon import house

HOUR_MS = 3_600_000


async def test_a_booked_meeting_is_in_the_feed_of_the_house(tmp_path: Path) -> None:
    start_ms = round(time.time()) * 1000 + 24 * HOUR_MS
    async with house(tmp_path) as (daemon, address, _listener), httpx.AsyncClient() as client:
        draft = MeetingDraft(Span(start_ms, start_ms + HOUR_MS), "Viewing", Private("+972501234567"))
        made = await daemon.store.calendar.book(draft, "k1")
        got = await client.get(f"http://{address}/calendar.ics")
    [event] = icalendar.Calendar.from_ical(got.content).walk("VEVENT")
    assert event["UID"] == f"{made.id}@agentd"
    assert (event.start.timestamp(), event.end.timestamp()) == (start_ms / 1000, start_ms / 1000 + 3600)
