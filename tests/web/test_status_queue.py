"""Status callbacks in any order, any number of times."""

from __future__ import annotations

import trio
from hypothesis import given
from hypothesis import strategies as st

from agentd.web.status_queue import Status, StatusBook, StatusQueue

STATUSES = ["initiated", "ringing", "in-progress", "completed"]


def call(number: int, status: str | None = None, call_sid: str = "CA1") -> Status:
    return Status("call", call_sid, (number, ""), status or STATUSES[min(number, 3)])


@given(st.permutations([*range(4), 1, 3]))
def test_whatever_the_order_what_is_applied_rises_and_ends_final_once(order: list[int]) -> None:
    book = StatusBook()
    news = [number for number in order if book.is_news(call(number))]
    assert news == sorted(set(news))
    assert news[-1] == 3


def test_a_final_status_wins_even_with_a_lower_number() -> None:
    book = StatusBook()
    assert book.is_news(call(5, "in-progress"))
    assert book.is_news(call(0, "completed"))
    assert not book.is_news(call(6, "in-progress"))
    assert not book.is_news(call(7, "completed"))


def test_calls_and_streams_are_counted_apart_and_forgotten_in_the_end() -> None:
    book = StatusBook()
    assert book.is_news(Status("stream", "CA1", (0, "2026-01-01T00:00:01Z"), "stream-started"))
    assert not book.is_news(Status("stream", "CA1", (0, "2026-01-01T00:00:01Z"), "stream-started"))
    assert book.is_news(call(0))
    assert book.is_news(call(0, call_sid="CA2"))
    for n in range(6000):
        book.is_news(call(0, "completed", f"CB{n}"))
        book.is_news(call(0, "ringing", f"CC{n}"))
    assert len(book._final) <= 5000
    assert len(book._last) <= 5000


async def test_what_has_gathered_is_applied_in_order() -> None:
    applied: list[Status] = []
    queue = StatusQueue(applied.append)
    for number in (2, 0, 1):
        assert queue.offer(call(number))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.run)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [status.status for status in applied] == ["initiated", "ringing", "in-progress"]


async def test_a_full_queue_says_so_and_takes_more_when_worked_off() -> None:
    applied: list[Status] = []
    queue = StatusQueue(applied.append, limit=3)
    assert [queue.offer(call(n)) for n in range(4)] == [True, True, True, False]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.run)
        await trio.testing.wait_all_tasks_blocked()
        assert queue.offer(call(9, "completed", "CA2"))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert len(applied) == 4
