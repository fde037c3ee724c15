"""Free time that may be offered: two or three concrete windows, nearest to a wish.

| the caller wishes      | windows                                                                            |
|------------------------|------------------------------------------------------------------------------------|
| a day and a time       | that very one if it is free, then the nearest ones: first that day, then that time |
| a day                  | of that day, two hours apart where possible; then of the days around it            |
| a time, or a part      | that time (that part) on the soonest days                                          |
| nothing                | the soonest, two hours apart where possible                                        |

A window lies within one range of opening hours, has no holiday, is free, keeps the notice and the days ahead. Clock
times that a change to or from summer time makes ambiguous, or leaves out, are not offered: nobody can say which is
meant. Pure: the time comes in, in the business's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agentd.core.opening import DAY_MIN, open_spans
from agentd.core.playbook import Playbook

OFFERED = 3  # more than three nobody keeps in their head on the phone (SPEC 6.4)
APART_MIN = 120  # two windows half an hour apart are hardly a choice
STEP_MIN = 30  # windows begin at :00 and :30 ...
SHORT_STEP_MIN = 15  # ... and at the quarters, when a meeting is shorter than half an hour
ALWAYS = ((9 * 60, 18 * 60),)  # who gives no hours answers the phone at any hour, and meets people by day

PARTS = {
    "morning": (0, 12 * 60),
    "noon": (12 * 60, 14 * 60),
    "afternoon": (13 * 60, 18 * 60),
    "evening": (17 * 60, DAY_MIN),
}  # minutes of the day in which a window begins


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller would like; what they left open is None or "". `part`: a key of `PARTS`."""

    day: date | None = None
    at: time | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """Aware, in the business's zone."""

    start: datetime
    end: datetime


def windows(
    playbook: Playbook, now: datetime, taken: Iterable[tuple[int, int]], wish: Wish = Wish(), most: int = OFFERED
) -> list[Window]:
    """The windows to offer, the best first; fewer, or none, when there are no more. No two overlap.

    `now`: aware. `taken`: (from, until) in milliseconds since 1970, `until` not included.
    """
    local = now.astimezone(ZoneInfo(playbook.timezone))
    busy = list(taken)
    free = [w for w in _candidates(playbook, local, wish) if not _collides(w, busy)]
    free.sort(key=lambda window: _distance(window, wish, local.date()))
    apart = timedelta(minutes=0 if wish.at else APART_MIN)
    chosen: list[Window] = []
    for gap in (apart, timedelta()):
        for window in free:
            if len(chosen) < most and all(_apart(window, other, gap) for other in chosen):
                chosen.append(window)
    return chosen


def horizon(playbook: Playbook, now: datetime) -> tuple[int, int]:
    """(from, until) in milliseconds since 1970: all time in which a window can lie."""
    last = now + timedelta(days=playbook.meetings.days + 2)
    return to_ms(now), to_ms(last)


def to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def local_iso(moment: datetime) -> str:
    """As tools and models write it: the business's wall clock, "2026-03-01T10:30", without an offset (which would read
    as another time of day). It names one moment, as ambiguous times are never offered."""
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")


def from_local(written: str, zone: str) -> datetime | None:
    """The moment that `local_iso` writes so; None when it is no such text, or no moment or two of that zone."""
    try:
        wall = datetime.fromisoformat(written)
    except ValueError:
        return None
    return None if wall.tzinfo else _unambiguous(wall, ZoneInfo(zone))


def _candidates(playbook: Playbook, now: datetime, wish: Wish) -> Iterator[Window]:
    """Every window that the playbook allows, free or not."""
    meetings, zone = playbook.meetings, ZoneInfo(playbook.timezone)
    soonest = now.astimezone(UTC) + timedelta(minutes=meetings.notice_min)
    for ahead in range(meetings.days + 1):
        day = now.date() + timedelta(days=ahead)
        spans = open_spans(playbook.hours, playbook.holidays, day)
        for start, end in spans if playbook.hours or not spans else ALWAYS:
            for minute in _starts(start, end, meetings.minutes, wish):
                window = _window(day, minute, meetings.minutes, end, zone)
                if window is not None and window.start >= soonest:
                    yield window


def _starts(start: int, end: int, minutes: int, wish: Wish) -> list[int]:
    """The minutes of the day at which a window may begin: on the grid, and at the very time that was wished."""
    step = STEP_MIN if minutes >= STEP_MIN else SHORT_STEP_MIN
    found = set(range(-(-start // step) * step, end - minutes + 1, step))
    if wish.at is not None and start <= (at := wish.at.hour * 60 + wish.at.minute) <= end - minutes:
        found.add(at)
    return sorted(found)


def _window(day: date, minute: int, minutes: int, closes: int, zone: ZoneInfo) -> Window | None:
    start = _unambiguous(datetime.combine(day, time()) + timedelta(minutes=minute), zone)
    if start is None:
        return None
    end = (start.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(zone)  # a length is a length in any season
    wall_end = end.replace(tzinfo=None)
    if wall_end > datetime.combine(day, time()) + timedelta(minutes=closes) or _unambiguous(wall_end, zone) is None:
        return None
    return Window(start, end)


def _unambiguous(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """The one moment that shows `wall` on the clock there; None when there is no such moment, or two."""
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    return first if first.utcoffset() == second.utcoffset() else None


def _collides(window: Window, busy: Sequence[tuple[int, int]]) -> bool:
    start, end = to_ms(window.start), to_ms(window.end)
    return any(start < until and begun < end for begun, until in busy)


def _apart(one: Window, other: Window, gap: timedelta) -> bool:
    # In UTC: arithmetic within one zone is arithmetic of its wall clock.
    a, b = sorted(((one.start.astimezone(UTC), one.end.astimezone(UTC)),
                   (other.start.astimezone(UTC), other.end.astimezone(UTC))))  # fmt: skip
    return a[1] <= b[0] and b[0] - a[0] >= gap


def _distance(window: Window, wish: Wish, today: date) -> tuple[int, int, datetime]:
    """How far a window is from the wish; the less is the better, and of two equals the earlier."""
    minute = window.start.hour * 60 + window.start.minute
    days = abs((window.start.date() - (wish.day or today)).days)
    if wish.at is not None:
        off = abs(minute - (wish.at.hour * 60 + wish.at.minute))
    else:
        first, last = PARTS.get(wish.part, (0, DAY_MIN))
        off = int(not first <= minute < last)
    return (days, off, window.start) if wish.day else (off, days, window.start)
