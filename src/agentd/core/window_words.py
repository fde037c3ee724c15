"""A time of meeting in words that a voice can say, a message can bear, and the governor takes for a fact."""

from __future__ import annotations

from datetime import datetime

from agentd.core.spoken.dates import EN_MONTHS, HE_MONTHS

_HE_DAYS = ("יום שני", "יום שלישי", "יום רביעי", "יום חמישי", "יום שישי", "שבת", "יום ראשון")
_EN_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_words(start: datetime, language: str) -> str:
    """ "Tuesday, January 12 at 10:00", or "יום שלישי, 12 בינואר, בשעה 10:00". `start`: local time."""
    weekday, month = start.weekday(), start.month - 1
    if language.startswith(("he", "iw")):
        return f"{_HE_DAYS[weekday]}, {start.day} ב{HE_MONTHS[month]}, בשעה {start:%H:%M}"
    return f"{_EN_DAYS[weekday]}, {EN_MONTHS[month]} {start.day} at {start:%H:%M}"
