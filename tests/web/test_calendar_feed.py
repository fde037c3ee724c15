"""The feed of the meetings: what a calendar program reads in it, and who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import icalendar
import pytest
import trio

from agentd.core.playbook import Playbook
from agentd.events import Private
from agentd.office import Meeting, OfficeError, Span
from agentd.web.calendar_feed import AHEAD_DAYS, BEFORE_DAYS, read, written
from tests.web.house import house

JERUSALEM = ZoneInfo("Asia/Jerusalem")
HALF_HOUR = timedelta(minutes=30)
YEAR = Span(1_767_225_600_000, 1_798_761_600_000)  # 2026
PLAYBOOK = Playbook("real-estate", "he-IL", "", "")


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def meeting(at: datetime, id: str = "meeting-a", *, name: str = "דנה", status: str = "booked") -> Meeting:
    span = Span(ms(at), ms(at + HALF_HOUR))
    return Meeting(id, span, "Viewing", Private("+972501234567"), Private(name), "CA1", "Herzl 4", status, 1000)


def parsed(feed: bytes) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(feed).walk("VEVENT"))


def local(month: int, day: int, hour: int) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=JERUSALEM)


def test_a_meeting_is_an_event_that_a_program_recognises_again() -> None:
    [event] = parsed(written([meeting(local(1, 7, 10))], "real-estate", "Asia/Jerusalem", YEAR))
    assert event["UID"] == "meeting-a@agentd"
    assert event["SUMMARY"] == "Viewing - דנה"
    assert event["LOCATION"] == "Herzl 4"
    assert event["DESCRIPTION"].splitlines() == ["דנה", "+972501234567"]
    assert (event.start, event.end) == (local(1, 7, 10), local(1, 7, 10) + HALF_HOUR)


def test_the_same_meetings_give_the_same_feed() -> None:
    booked = [meeting(local(1, 7, 10)), meeting(local(1, 7, 11), "meeting-b")]
    once, again = [written(booked, "real-estate", "Asia/Jerusalem", YEAR) for _ in range(2)]
    assert once == again


def test_lines_are_short_and_end_as_the_standard_says() -> None:
    feed = written([meeting(local(1, 7, 10), name="דנה לוי כהן " * 20)], "real-estate", "Asia/Jerusalem", YEAR)
    assert feed.count(b"\n") == feed.count(b"\r\n")
    assert all(len(line) <= 75 for line in feed.split(b"\r\n"))
    assert parsed(feed)[0]["SUMMARY"].endswith("כהן")


@pytest.mark.parametrize(
    ("day", "offset_h"), [((1, 7), 2), ((3, 26), 2), ((3, 29), 3), ((7, 7), 3), ((10, 22), 3), ((10, 25), 2)]
)
def test_ten_o_clock_is_ten_o_clock_in_summer_and_winter(day: tuple[int, int], offset_h: int) -> None:
    at = local(*day, 10)
    [event] = parsed(written([meeting(at)], "real-estate", "Asia/Jerusalem", YEAR))
    assert event["DTSTART"].to_ical() == at.strftime("%Y%m%dT100000").encode()
    assert event["DTSTART"].params["TZID"] == "Asia/Jerusalem"
    assert ms(event.start) == ms(at)
    assert at.utcoffset() == timedelta(hours=offset_h)


def onsets(zone: str, within: Span) -> list[tuple[str, str, timedelta, timedelta]]:
    """(kind, begins by the clock as it was, offset before, offset after), in order."""
    [described] = icalendar.Calendar.from_ical(written([], "x", zone, within)).walk("VTIMEZONE")
    return [
        (part.name, part["DTSTART"].dt.isoformat(), part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td)
        for part in described.subcomponents
    ]


def test_the_changes_of_the_clock_are_spelled_out() -> None:
    two, three = timedelta(hours=2), timedelta(hours=3)
    assert onsets("Asia/Jerusalem", YEAR) == [
        ("STANDARD", "2026-01-01T02:00:00", two, two),
        ("DAYLIGHT", "2026-03-27T02:00:00", two, three),
        ("STANDARD", "2026-10-25T02:00:00", three, two),
    ]
    assert [kind for kind, *_ in onsets("Asia/Tokyo", YEAR)] == ["STANDARD"]
    assert [begins[:10] for _, begins, *_ in onsets("America/New_York", YEAR)][1:] == ["2026-03-08", "2026-11-01"]


def test_a_name_cannot_write_events_of_its_own() -> None:
    name = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:hi\x00\x0b;,\\ \u2028y"
    feed = written([meeting(local(1, 7, 10), name=name)], "real-estate", "Asia/Jerusalem", YEAR)
    [event] = parsed(feed)
    assert feed.count(b"\r\nBEGIN:VEVENT") == 1
    assert event["SUMMARY"] == "Viewing - x END:VEVENT BEGIN:VEVENT SUMMARY:hi ;,\\ y"


class Booked:
    """A calendar with these meetings."""

    def __init__(self, *meetings: Meeting) -> None:
        self._meetings = meetings

    async def taken(self, within: Span) -> list[Span]:
        raise NotImplementedError

    async def book(self, draft: object, key: str) -> Meeting:
        raise NotImplementedError

    async def meetings(self, within: Span) -> list[Meeting]:
        return [m for m in self._meetings if m.span.from_ms < within.until_ms and m.span.until_ms > within.from_ms]


async def test_the_feed_holds_what_is_booked_from_a_month_ago_to_half_a_year_ahead() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    days = {"past": -BEFORE_DAYS - 1, "before": -BEFORE_DAYS + 1, "ahead": AHEAD_DAYS - 1, "far": AHEAD_DAYS + 1}
    meetings = [meeting(now + timedelta(days=day), id) for id, day in days.items()]
    cancelled = meeting(now, "cancelled", status="cancelled")
    feed = await read(Booked(*meetings, cancelled), PLAYBOOK, ms(now), trio.CapacityLimiter(1))
    assert [event["UID"] for event in parsed(feed)] == ["before@agentd", "ahead@agentd"]
    assert icalendar.Calendar.from_ical(feed)["X-WR-CALNAME"] == "real-estate"


async def feed() -> bytes:
    return b"BEGIN:VCALENDAR\r\n"


async def gone() -> bytes:
    raise OfficeError("the records cannot be reached now")


@pytest.mark.parametrize(
    ("token", "query", "headers", "status"),
    [
        ("", "", {}, 200),
        ("", "", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("", "", {"X-Real-IP": "203.0.113.9"}, 403),
        ("", "", {"Host": "voice.example.com"}, 403),
        ("", "?token=", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("secret", "", {}, 200),
        ("secret", "", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("secret", "?token=secre", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("secret", "?token=%D7%A9", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("secret", "?token=secret", {"X-Forwarded-For": "203.0.113.9"}, 200),
    ],
)
async def test_the_feed_is_for_whoever_has_the_token_and_for_this_machine(
    token: str, query: str, headers: dict[str, str], status: int
) -> None:
    async with house(calendar_token=token, calendar_feed=feed) as h, httpx.AsyncClient() as client:
        got = await client.get(f"http://{h.front.address}/calendar.ics{query}", headers=headers)
    assert got.status_code == status
    assert got.content == (b"BEGIN:VCALENDAR\r\n" if status == 200 else b"")
    if status == 200:
        assert got.headers["content-type"] == "text/calendar; charset=utf-8"
        assert got.headers["cache-control"] == "no-store"


async def test_records_that_cannot_be_reached_are_asked_for_again_later() -> None:
    async with house(calendar_feed=gone) as h, httpx.AsyncClient() as client:
        got = await client.get(f"http://{h.front.address}/calendar.ics")
    assert (got.status_code, got.headers["retry-after"]) == (503, "60")
