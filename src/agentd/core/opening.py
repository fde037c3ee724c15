"""Is the business open? A playbook's hours and holidays against a local time. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as `datetime.weekday` counts them
DAY_MIN = 24 * 60


def open_at(hours: Mapping[str, Sequence[str]], holidays: Collection[str], local: datetime) -> bool:
    """`hours`: spans such as "09:00-13:00" by weekday; none at all: always open. A holiday is closed all day."""
    minute = local.hour * 60 + local.minute
    return any(begin <= minute < end for begin, end in open_spans(hours, holidays, local.date()))


def open_spans(hours: Mapping[str, Sequence[str]], holidays: Collection[str], day: date) -> tuple[tuple[int, int], ...]:
    """(begin, end) in minutes of that local day, in order; () when it is closed. Else as `open_at`."""
    if day.isoformat() in holidays:
        return ()
    if not hours:
        return ((0, DAY_MIN),)
    return tuple(sorted(map(span_minutes, hours.get(WEEKDAYS[day.weekday()], ()))))


def span_minutes(span: str) -> tuple[int, int]:
    """ "09:00-13:00" as minutes of the day."""
    begin, _, end = span.partition("-")
    return _minute(begin), _minute(end)


def _minute(clock: str) -> int:
    hour, _, minute = clock.strip().partition(":")
    return int(hour) * 60 + int(minute)
