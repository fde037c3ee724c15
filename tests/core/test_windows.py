"""Windows: near the wish, inside the hours, free, apart, and never at a time of day that is not one moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentd.core.opening import open_at, open_spans
from agentd.core.playbook import Meetings, Playbook
from agentd.core.windows import PARTS, Window, Wish, from_local, horizon, local_iso, to_ms, windows

ZONE = ZoneInfo("Asia/Jerusalem")
WEEK = dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ("09:00-13:00", "14:00-18:00")) | {"fri": ("09:00-12:00",)}
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=ZONE)  # 2 March 2026


def office(
    hours: dict[str, tuple[str, ...]] | None = None, holidays: tuple[str, ...] = (), **meetings: int
) -> Playbook:
    return Playbook(
        name="office", language="en", persona="", greeting="", hours=WEEK if hours is None else hours,
        holidays=holidays, meetings=Meetings(**meetings),
    )  # fmt: skip


def starts(found: Iterable[Window]) -> list[str]:
    return [local_iso(w.start) for w in found]


def taken(*spans: tuple[str, str]) -> list[tuple[int, int]]:
    def ms(written: str) -> int:
        moment = from_local(written, "Asia/Jerusalem")
        assert moment is not None
        return to_ms(moment)

    return [(ms(start), ms(end)) for start, end in spans]


def is_open(playbook: Playbook, local: datetime) -> bool:
    return open_at(playbook.hours, playbook.holidays, local)


def open_ranges(playbook: Playbook, day: date) -> tuple[tuple[int, int], ...]:
    return open_spans(playbook.hours, playbook.holidays, day)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(), ["2026-03-02T09:00", "2026-03-02T11:00", "2026-03-02T14:00"]),
        (Wish(day=date(2026, 3, 4)), ["2026-03-04T09:00", "2026-03-04T11:00", "2026-03-04T14:00"]),
        (Wish(at=time(10)), ["2026-03-02T10:00", "2026-03-03T10:00", "2026-03-04T10:00"]),
        (Wish(date(2026, 3, 3), time(10)), ["2026-03-03T10:00", "2026-03-03T09:30", "2026-03-03T10:30"]),
        (Wish(date(2026, 3, 3), time(10, 20)), ["2026-03-03T10:20", "2026-03-03T11:00", "2026-03-03T09:30"]),
        (Wish(part="afternoon"), ["2026-03-02T14:00", "2026-03-02T16:00", "2026-03-03T14:00"]),
        (Wish(date(2026, 3, 4), part="noon"), ["2026-03-04T12:00", "2026-03-04T09:00", "2026-03-04T14:00"]),
        (Wish(part="evening"), ["2026-03-02T17:00", "2026-03-03T17:00", "2026-03-04T17:00"]),
        (Wish(day=date(2026, 3, 7)), ["2026-03-06T09:00", "2026-03-06T11:00", "2026-03-08T09:00"]),  # a Saturday
        (Wish(day=date(2025, 1, 1)), ["2026-03-02T09:00", "2026-03-02T11:00", "2026-03-02T14:00"]),  # long past
    ],
)
def test_the_nearest_to_the_wish(wish: Wish, expected: list[str]) -> None:
    assert starts(windows(office(notice_min=0), MONDAY, [], wish)) == expected


def test_what_is_taken_is_not_offered_and_what_touches_it_is() -> None:
    busy = taken(("2026-03-03T09:00", "2026-03-03T10:00"), ("2026-03-03T10:30", "2026-03-03T18:00"))
    found = windows(office(), MONDAY, busy, Wish(date(2026, 3, 3), time(9)))
    assert starts(found)[0] == "2026-03-03T10:00"
    assert all(w.start.date() != date(2026, 3, 3) for w in found[1:])


def test_notice_days_ahead_and_holidays() -> None:
    noon = MONDAY.replace(hour=12)
    assert starts(windows(office(notice_min=150), noon, [], Wish()))[0] == "2026-03-02T14:30"
    assert starts(windows(office(notice_min=24 * 60), noon, [], Wish()))[0] == "2026-03-03T12:00"
    assert windows(office(days=0), MONDAY.replace(hour=18), []) == []
    closed = office(holidays=("2026-03-02", "2026-03-03"), notice_min=0)
    assert starts(windows(closed, MONDAY, [], Wish()))[0] == "2026-03-04T09:00"


def test_short_meetings_begin_at_the_quarters_and_long_ones_end_before_closing() -> None:
    assert starts(windows(office(minutes=15), MONDAY, [], Wish(date(2026, 3, 3), time(9, 15))))[0] == "2026-03-03T09:15"
    long = windows(office(minutes=240), MONDAY, [], Wish(day=date(2026, 3, 3)))
    assert starts(long)[:2] == ["2026-03-03T09:00", "2026-03-03T14:00"]
    assert windows(office(minutes=300), MONDAY, []) == []


def test_a_business_without_hours_meets_by_day() -> None:
    found = windows(office(hours={}), MONDAY.replace(hour=19), [], Wish())
    assert starts(found) == ["2026-03-03T09:00", "2026-03-03T11:00", "2026-03-03T13:00"]
    assert is_open(office(hours={}), MONDAY.replace(hour=3))


def test_open_from_the_first_minute_to_the_last_but_not_on_it() -> None:
    shop = office(holidays=("2026-03-03",))
    assert open_ranges(shop, date(2026, 3, 2)) == ((540, 780), (840, 1080))
    assert [is_open(shop, MONDAY.replace(hour=h, minute=m)) for h, m in ((8, 59), (9, 0), (12, 59), (13, 0))] == [
        False, True, True, False,
    ]  # fmt: skip
    assert not is_open(shop, datetime(2026, 3, 3, 10, tzinfo=ZONE))
    assert not is_open(shop, datetime(2026, 3, 7, 10, tzinfo=ZONE))


# Summer time begins in Israel on Friday 27 March 2026 at 02:00 and ends on Sunday 25 October 2026 at 02:00.


def test_no_window_at_a_time_that_is_left_out_or_comes_twice() -> None:
    always = office(dict.fromkeys(("fri", "sun"), ("00:00-24:00",)), notice_min=0, days=0, minutes=30)
    spring = starts(windows(always, datetime(2026, 3, 27, tzinfo=ZONE), [], Wish(at=time(2, 30)), most=48))
    assert "2026-03-27T01:00" in spring
    assert "2026-03-27T03:00" in spring
    assert not any("T02:" in start for start in spring)
    autumn = starts(windows(always, datetime(2026, 10, 25, tzinfo=ZONE), [], Wish(at=time(1, 30)), most=48))
    assert "2026-10-25T00:00" in autumn
    assert "2026-10-25T02:00" in autumn
    assert not any("T01:" in start for start in autumn)


def test_a_written_time_that_is_no_moment_is_none() -> None:
    zone = "Asia/Jerusalem"
    assert from_local("2026-03-27T02:30", zone) is None
    assert from_local("2026-10-25T01:30", zone) is None
    assert from_local("2026-03-01T10:00+02:00", zone) is None
    assert from_local("tomorrow", zone) is None
    winter, summer = from_local("2026-03-01T10:00", zone), from_local("2026-07-01T10:00", zone)
    assert winter is not None
    assert summer is not None
    assert (winter.astimezone(UTC).hour, summer.astimezone(UTC).hour) == (8, 7)


ranges = st.sampled_from([(), ("09:00-13:00",), ("08:30-12:15", "13:00-19:45"), ("00:00-24:00",), ("22:00-24:00",)])


@st.composite
def playbooks(draw: st.DrawFn) -> Playbook:
    return Playbook(
        name="p", language="en", persona="", greeting="",
        timezone=draw(st.sampled_from(["Asia/Jerusalem", "Europe/London", "America/New_York", "Australia/Lord_Howe"])),
        hours={day: draw(ranges) for day in ("sun", "mon", "tue", "wed", "thu", "fri", "sat")},
        holidays=tuple(draw(st.sets(st.sampled_from(["2026-03-27", "2026-03-29", "2026-10-25", "2026-11-01"])))),
        meetings=Meetings(
            minutes=draw(st.sampled_from([10, 15, 30, 45, 60, 90])), notice_min=draw(st.sampled_from([0, 60, 1440])),
            days=draw(st.integers(0, 5)),
        ),
    )  # fmt: skip


# Around the changes of 2026 in all four zones.
nows = st.one_of(
    st.datetimes(datetime(2026, 3, 6), datetime(2026, 4, 6)), st.datetimes(datetime(2026, 10, 2), datetime(2026, 11, 3))
)
wishes = st.builds(
    Wish,
    day=st.none() | st.dates(date(2026, 3, 6), date(2026, 4, 8)),
    at=st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    part=st.sampled_from(["", *PARTS]),
)
blocks = st.lists(st.tuples(st.integers(0, 8 * 24 * 60), st.integers(1, 600)), max_size=6)


@settings(deadline=None)
@given(playbooks(), nows, wishes, blocks)
@example(office({"fri": ("00:00-24:00",)}, days=0, notice_min=0), datetime(2026, 3, 26, 22), Wish(at=time(2)), [])
def test_every_window_keeps_every_rule(
    playbook: Playbook, naive: datetime, wish: Wish, blocked: list[tuple[int, int]]
) -> None:
    now, zone = naive.replace(tzinfo=UTC), ZoneInfo(playbook.timezone)
    busy = [(to_ms(now) + start * 60_000, to_ms(now) + (start + length) * 60_000) for start, length in blocked]
    found = windows(playbook, now, busy, wish)
    today = now.astimezone(zone).date()
    assert len(found) <= 3
    for window in found:
        start, end = to_ms(window.start), to_ms(window.end)
        assert end - start == playbook.meetings.minutes * 60_000
        assert start >= to_ms(now) + playbook.meetings.notice_min * 60_000
        assert today <= window.start.date() <= today + timedelta(days=playbook.meetings.days)
        assert not any(start < until and begun < end for begun, until in busy)
        minute = window.start.hour * 60 + window.start.minute
        assert any(a <= minute < b for a, b in open_ranges(playbook, window.start.date()))
        assert is_open(playbook, window.end - timedelta(minutes=1))
        written = from_local(local_iso(window.start), playbook.timezone)
        assert written is not None  # what is said names one moment, this one
        assert to_ms(written) == start
        first, last = horizon(playbook, now)
        assert first <= start < end <= last
    for i, one in enumerate(found):
        assert all(to_ms(one.end) <= to_ms(o.start) or to_ms(o.end) <= to_ms(one.start) for o in found[i + 1 :])
    assert found == windows(playbook, now, reversed(busy), wish)


@settings(deadline=None)
@given(playbooks(), nows, st.times().map(lambda t: t.replace(minute=0, second=0, microsecond=0)), st.integers(0, 5))
def test_a_wish_that_is_free_is_the_first_window(playbook: Playbook, naive: datetime, at: time, ahead: int) -> None:
    now = naive.replace(tzinfo=UTC)
    day = now.astimezone(ZoneInfo(playbook.timezone)).date() + timedelta(days=ahead)
    every = windows(playbook, now, [], Wish(day, at), most=10_000)
    wished = datetime.combine(day, at)
    if any(w.start.replace(tzinfo=None) == wished for w in every):
        assert local_iso(every[0].start) == local_iso(wished)
