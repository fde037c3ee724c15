"""Audio on its way to a recogniser: queued for one that reads, poured into one that need not wait."""

from __future__ import annotations

import pytest
import trio

from agentd.call.intake import Intake, poured


class Sink:
    def __init__(self) -> None:
        self.items: list[int] = []
        self.ended = 0

    def end(self) -> None:
        self.ended += 1


async def test_what_is_put_before_anybody_reads_is_read_in_order_and_the_end_behind_it() -> None:
    intake = Intake[int](3)
    for n in range(3):
        intake.put_nowait(n)
    with pytest.raises(trio.WouldBlock):
        intake.put_nowait(3)
    intake.close()
    async with intake.reader() as reader:
        assert [n async for n in reader] == [0, 1, 2]


async def test_poured_comes_what_was_queued_then_everything_at_once_then_the_end(nursery: trio.Nursery) -> None:
    intake, sink = Intake[int](3), Sink()
    intake.put_nowait(0)
    async with intake.reader() as reader:
        with poured(reader, sink.items.append, sink.end, nursery):
            assert sink.items == [0]
            for n in range(1, 100):  # more than the queue holds
                intake.put_nowait(n)
                assert sink.items[-1] == n
            intake.close()
            assert sink.ended == 1
    assert sink.items == list(range(100))


async def test_poured_after_the_end_it_ends_at_once(nursery: trio.Nursery) -> None:
    intake, sink = Intake[int](3), Sink()
    intake.put_nowait(7)
    intake.close()
    async with intake.reader() as reader:
        with poured(reader, sink.items.append, sink.end, nursery):
            assert (sink.items, sink.ended) == ([7], 1)


async def test_between_two_readers_it_waits_for_the_next(nursery: trio.Nursery) -> None:
    intake, first, second = Intake[int](3), Sink(), Sink()
    async with intake.reader() as reader:
        with poured(reader, first.items.append, first.end, nursery):
            intake.put_nowait(1)
    intake.put_nowait(2)
    async with intake.reader() as reader:
        with poured(reader, second.items.append, second.end, nursery):
            intake.put_nowait(3)
    intake.close()
    assert (first.items, second.items, first.ended, second.ended) == ([1], [2, 3], 0, 0)


async def test_a_reader_that_fails_fails_the_writer_and_pours_no_more(nursery: trio.Nursery) -> None:
    def refuse(item: int) -> None:
        raise ValueError(item)

    intake, sink = Intake[int](3), Sink()
    async with intake.reader() as reader:
        with poured(reader, refuse, sink.end, nursery), pytest.raises(ValueError, match="1"):
            intake.put_nowait(1)
        intake.put_nowait(2)
        assert await reader.receive() == 2


async def test_after_the_last_reader_what_is_put_is_refused() -> None:
    intake = Intake[int](3)
    async with intake.reader():
        pass
    intake.put_nowait(1)  # another may come
    intake.no_more_readers()
    with pytest.raises(trio.BrokenResourceError):
        intake.put_nowait(2)


async def test_any_other_channel_is_read_by_a_task() -> None:
    sink = Sink()
    send, receive = trio.open_memory_channel[int](3)
    async with trio.open_nursery() as nursery:
        with poured(receive, sink.items.append, sink.end, nursery):
            for n in range(10):
                await send.send(n)
            send.close()
            await trio.testing.wait_all_tasks_blocked()
    assert (sink.items, sink.ended) == (list(range(10)), 1)
