"""Is the business open? A playbook's hours and holidays against a local time. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as `datetime.weekday` counts them


def open_at(hours: Mapping[str, Sequence[str]], holidays: Collection[str], local: datetime) -> bool:
    """`hours`: spans such as "09:00-13:00" by weekday; none at all: always open. A holiday is closed all day."""
    if local.date().isoformat() in holidays:
        return False
    if not hours:
        return True
    minute = local.hour * 60 + local.minute
    spans = hours.get(WEEKDAYS[local.weekday()], ())
    return any(begin <= minute < end for begin, end in map(_minutes, spans))


def _minutes(span: str) -> tuple[int, int]:
    begin, _, end = span.partition("-")
    return _minute(begin), _minute(end)


def _minute(clock: str) -> int:
    hour, _, minute = clock.strip().partition(":")
    return int(hour) * 60 + int(minute)
