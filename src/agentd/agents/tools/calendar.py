"""calendar.find_slots, calendar.create: free windows near a wish, and one of them booked.

A start is local time without an offset, "2026-03-03T10:00": one moment, as ambiguous times are not offered. The length
stands beside it as minutes, not as an end: each time of day in a result is one that an agent may say.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Literal

import msgspec

from agentd.agents.tools._words import Arguments, Name, Phone, Result, number
from agentd.core.policy import Effect, Grants
from agentd.core.window_words import in_words
from agentd.core.windows import Wish, from_local, horizon, local_iso, to_ms, windows
from agentd.events import Private
from agentd.office import MeetingDraft, Span
from agentd.tools import Tool, ToolError, ToolRun

MOST_AHEAD = 3  # meetings of one number: whoever calls ten times does not fill the calendar
_DAY, _TIME = r"^(\d{4}-\d\d-\d\d)?$", r"^(\d\d:\d\d)?$"


class FindSlots(Arguments, frozen=True, kw_only=True):
    wish_day: Annotated[
        str, msgspec.Meta(description="The day that the caller would like, as 2026-03-31. Empty: any.", pattern=_DAY)
    ] = ""
    wish_time: Annotated[
        str, msgspec.Meta(description="The time that the caller would like, as 16:30. Empty: any.", pattern=_TIME)
    ] = ""
    part_of_day: Annotated[
        Literal["", "morning", "noon", "afternoon", "evening"],
        msgspec.Meta(description="The part of the day that the caller would like. Empty: any."),
    ] = ""


class Slot(Result, frozen=True, kw_only=True):
    """`say`: the start in the caller's language."""

    start: str
    minutes: int
    say: str


class Slots(Result, frozen=True, kw_only=True):
    """`exact`: the first is the very day and time that were wished."""

    windows: list[Slot]
    exact: bool

    def grants(self) -> Grants:
        return Grants(
            starts=frozenset(window.start for window in self.windows),
            facts="\n".join(window.say for window in self.windows),
        )


class Create(Arguments, frozen=True, kw_only=True):
    start: Annotated[
        str, msgspec.Meta(description="A start that calendar.find_slots returned, exactly as it is.", max_length=20)
    ]
    name: Name = ""
    phone: Phone = ""
    about: Annotated[str, msgspec.Meta(description="What the meeting is about, in a few words.", max_length=120)] = ""


class Booked(Result, frozen=True, kw_only=True):
    meeting_id: str
    start: str
    minutes: int
    say: str
    place: str

    def grants(self) -> Grants:
        return Grants(facts=f"{self.say}\n{self.place}")


async def find_slots(arguments: FindSlots, run: ToolRun) -> Slots:
    wish = _wish(arguments)
    now, playbook = run.now(), run.playbook
    taken = await run.office.calendar.taken(Span(*horizon(playbook, now)))
    found = windows(playbook, now, [(span.from_ms, span.until_ms) for span in taken], wish)
    first = found[0].start.replace(tzinfo=None) if found else None
    return Slots(
        windows=[
            Slot(
                start=local_iso(window.start),
                minutes=playbook.meetings.minutes,
                say=in_words(window.start, playbook.language),
            )
            for window in found
        ],
        exact=first is not None and first.date() == wish.day and first.time() == wish.at,
    )


async def create(arguments: Create, run: ToolRun) -> Booked:
    playbook = run.playbook
    start = from_local(arguments.start, playbook.timezone)
    if start is None or start < run.now():
        raise ToolError("That start is no time to come. Find slots again, and use a start as it is.")
    minutes, begins, phone = playbook.meetings.minutes, to_ms(start), number(arguments.phone, run)
    ahead = await run.office.calendar.meetings(Span(*horizon(playbook, run.now())))
    theirs = [m for m in ahead if m.with_phone == phone and m.status == "booked" and m.span.from_ms != begins]
    if len(theirs) >= MOST_AHEAD:
        raise ToolError("They have several meetings ahead already: say that a person will call them back.")
    draft = MeetingDraft(
        span=Span(begins, begins + round(timedelta(minutes=minutes).total_seconds() * 1000)),
        title=": ".join(part for part in (playbook.meetings.title or playbook.name, arguments.about) if part),
        with_phone=phone,
        with_name=Private(arguments.name),
        call_sid=run.call_sid,
        place=playbook.meetings.place,
    )
    meeting = await run.office.calendar.book(draft, run.key)
    return Booked(
        meeting_id=meeting.id,
        start=arguments.start,
        minutes=minutes,
        say=in_words(start, playbook.language),
        place=meeting.place,
    )


def _wish(arguments: FindSlots) -> Wish:
    try:
        day = date.fromisoformat(arguments.wish_day) if arguments.wish_day else None
        at = time.fromisoformat(arguments.wish_time) if arguments.wish_time else None
    except ValueError:
        raise ToolError("There is no such day or time: write 2026-03-31 and 16:30.") from None
    return Wish(day, at, arguments.part_of_day)


TOOLS = (
    Tool(
        "calendar.find_slots",
        "Find two or three free times for a meeting, nearest to what the caller wishes. Only these may be offered.",
        FindSlots, Slots, find_slots,
    ),
    Tool(
        "calendar.create", "Book a meeting at one of the starts found, once the caller has agreed to it.",
        Create, Booked, create, Effect.OURS,
    ),
)  # fmt: skip
