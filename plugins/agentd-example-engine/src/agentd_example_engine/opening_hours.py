"""A tool that says when the business is open. All that a tool needs is here."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from agentd.core.opening import WEEKDAYS
from agentd.tools import Tool, ToolError, ToolRun


class Day(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    day: Annotated[str, msgspec.Meta(description="The day, as 2026-03-31.")]


class Hours(msgspec.Struct, frozen=True):
    open: list[str]  # such as "09:00-17:00"; none: closed


async def opening_hours(arguments: Day, run: ToolRun) -> Hours:
    try:
        day = date.fromisoformat(arguments.day)
    except ValueError:
        raise ToolError("There is no such day: write 2026-03-31.") from None
    closed = day.isoformat() in run.playbook.holidays
    return Hours([] if closed else list(run.playbook.hours.get(WEEKDAYS[day.weekday()], ())))


TOOL = Tool("example.opening_hours", "When the business is open on a day.", Day, Hours, opening_hours)
