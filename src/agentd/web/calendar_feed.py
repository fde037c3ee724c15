"""`GET /calendar.ics?token=...`: the booked meetings as an iCalendar feed (RFC 5545), for the calendar on a phone.

Calendar programs can send no header, so the token stands in the address; it opens this and nothing else. Without one
the feed is for this machine alone. A meeting keeps its UID, so that a program that reads again changes it in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import trio
from quart import Response, request
from quart_trio import QuartTrio

from agentd.call.streams import in_thread
from agentd.core.playbook import Playbook
from agentd.office import Calendar, Meeting, OfficeError, Span
from agentd.web.api_access import is_here

if TYPE_CHECKING:
    from icalendar import Component, Event, Timezone

    from agentd.web.door import Door

BEFORE_DAYS: Final = 30
AHEAD_DAYS: Final = 180
DAY_MS: Final = 24 * 3600 * 1000


def add_calendar_feed(app: QuartTrio, door: Door) -> None:
    """Its route, on the app of the front door."""

    @app.get("/calendar.ics")
    async def feed() -> Response:
        if not _may_read(door):
            return Response("", 403)
        try:
            written = await door.calendar_feed()
        except OfficeError:
            return Response("", 503, headers={"Retry-After": "60"})
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(written, 200, headers=headers, content_type="text/calendar; charset=utf-8")


def _may_read(door: Door) -> bool:
    token, given = door.settings.calendar_token.get_secret_value(), request.args.get("token", "")
    if token and compare_digest(given.encode(), token.encode()):
        return True
    return is_here(request.remote_addr or "", request.headers.getlist)


async def read(calendar: Calendar, playbook: Playbook, now_ms: int, limiter: trio.CapacityLimiter) -> bytes:
    """The feed as it is now, with the name and the time zone of the playbook. In a thread: the library takes most of a
    second to be imported. Raises `OfficeError`."""
    within = Span(now_ms - BEFORE_DAYS * DAY_MS, now_ms + AHEAD_DAYS * DAY_MS)
    booked = [meeting for meeting in await calendar.meetings(within) if meeting.status == "booked"]
    return await in_thread(written, booked, playbook.name, playbook.timezone, within, limiter=limiter)


def written(meetings: list[Meeting], name: str, zone: str, within: Span) -> bytes:
    """The feed, times in `zone`, whose changes between summer and winter `within` are spelled out."""
    from icalendar import Calendar as Written

    local = ZoneInfo(zone)
    feed = Written()
    feed.add("PRODID", "-//agentd//calendar//EN")
    feed.add("VERSION", "2.0")
    feed.add("METHOD", "PUBLISH")
    feed.add("X-WR-CALNAME", name)
    feed.add("X-WR-TIMEZONE", zone)
    feed.add_component(_time_zone(zone, _moment(within.from_ms), _moment(within.until_ms)))
    for meeting in meetings:
        feed.add_component(_event(meeting, local))
    return bytes(feed.to_ical())


def _event(meeting: Meeting, local: ZoneInfo) -> Event:
    from icalendar import Event

    who = _printable(meeting.with_name.text)
    event = Event()
    event.add("UID", f"{meeting.id}@agentd")
    event.add("DTSTAMP", _moment(meeting.created_ms))
    event.add("DTSTART", _moment(meeting.span.from_ms).astimezone(local))
    event.add("DTEND", _moment(meeting.span.until_ms).astimezone(local))
    event.add("SUMMARY", " - ".join(part for part in (_printable(meeting.title), who) if part))
    event.add("DESCRIPTION", "\n".join(part for part in (who, _printable(meeting.with_phone.text)) if part))
    if meeting.place:
        event.add("LOCATION", _printable(meeting.place))
    event.add("STATUS", "CONFIRMED")
    return event


def _time_zone(zone: str, first: datetime, last: datetime) -> Timezone:
    """The library can make one, but counts on the clock's face, where the hour that is left out in spring makes summer
    begin an hour late."""
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    local = ZoneInfo(zone)
    described = Timezone()
    described.add("TZID", zone)
    for at in (first, *_changes(local, first, last)):
        before, after = (at - timedelta(seconds=1)).astimezone(local), at.astimezone(local)
        old, new = before.utcoffset() or timedelta(), after.utcoffset() or timedelta()
        part: Component = TimezoneDaylight() if after.dst() else TimezoneStandard()
        part.add("DTSTART", (at + old).replace(tzinfo=None))  # by the clock as it was until then
        part.add("TZOFFSETFROM", old)
        part.add("TZOFFSETTO", new)
        part.add("TZNAME", after.tzname())
        described.add_component(part)
    return described


def _changes(local: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """When the offset of `local` changes, in UTC. No zone changes twice in a day."""
    at = first
    while at < last:
        tomorrow = at + timedelta(days=1)
        if at.astimezone(local).utcoffset() != tomorrow.astimezone(local).utcoffset():
            low, high = at, tomorrow
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                same = middle.astimezone(local).utcoffset() == low.astimezone(local).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high
        at = tomorrow


def _moment(at_ms: int) -> datetime:
    """In UTC, to the second: iCalendar knows no less."""
    return datetime.fromtimestamp(at_ms // 1000, UTC)


def _printable(text: str) -> str:
    """On one line, without control characters: a caller's name may have been heard as anything."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
