"""The media path through Quart: the same port as the fast door."""

from __future__ import annotations

import pytest
import trio
import trio_websocket

from agentd.media import Binary
from tests.web.house import house

SLOW = "/ws/twilio%2Dmedia"  # recognised by the HTTP server, not by the front


async def test_messages_go_both_ways_and_it_is_counted() -> None:
    async with house() as made, made.dial(SLOW) as client:
        stream = await made.stream()
        await client.send_message("one")
        await client.send_message(b"\x00")
        got: list[bytes] = []
        while len(got) < 2:
            got += await stream.receive() or []
        assert got == [b"one", b"\x00"]
        assert isinstance(got[1], Binary)
        for n in range(50):
            stream.put(b"%d" % n)
        await stream.flush()
        assert [await client.get_message() for _ in range(50)] == [str(n) for n in range(50)]
        assert made.door.counts["media_slow_door_total"] == 1
        assert made.streams[0][1] == "/ws/twilio-media"


async def test_the_peers_hang_up_is_none_and_the_call_may_take_its_time() -> None:
    async with house() as made:
        async with made.dial(SLOW) as client:
            stream = await made.stream()
            await client.send_message("last")
            await client.aclose(4000)
        assert await stream.receive() == [b"last"]
        for _ in range(3):
            assert await stream.receive() is None
        stream.put(b"x")
        await stream.flush()
        await stream.aclose()


async def test_our_close_carries_its_code() -> None:
    async with house() as made, made.dial(SLOW) as client:
        stream = await made.stream()
        stream.put(b"bye")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.aclose, 1011)
            assert await client.get_message() == "bye"
            with pytest.raises(trio_websocket.ConnectionClosed) as closed:
                await client.get_message()
        assert closed.value.reason.code == 1011
        assert await stream.receive() is None
        await stream.aclose()


async def test_closing_wakes_a_receiver_and_a_cancelled_close_still_frees() -> None:
    async with house() as made, made.dial(SLOW):
        stream = await made.stream()
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def receive() -> None:
                assert await stream.receive() is None

            await trio.testing.wait_all_tasks_blocked()
            with trio.CancelScope() as scope:
                scope.cancel()
                await stream.aclose()
        assert stream.closed.is_set()


async def test_a_message_over_64_kib_ends_the_stream_with_1009() -> None:
    async with house() as made, made.dial(SLOW) as client:
        stream = await made.stream()
        await client.send_message("x" * 70_000)
        assert await stream.receive() is None
        with pytest.raises(trio_websocket.ConnectionClosed) as closed:
            await client.get_message()
        assert closed.value.reason.code == 1009


async def test_dropped_speech_leaves_the_rest_in_order() -> None:
    async with house() as made, made.dial(SLOW) as client:
        stream = await made.stream()
        for n in range(3):
            stream.put(b"speech", speech=True)
            stream.put(b"mark%d" % n)
        assert stream.drop_speech() == 3
        stream.put(b"clear")
        assert [await client.get_message() for _ in range(4)] == ["mark0", "mark1", "mark2", "clear"]


async def test_a_client_that_never_reads_is_given_up_at_the_cap() -> None:
    async with house() as made, await made.tcp() as client:
        from tests.web.test_front_door import upgrade

        await client.send_all(upgrade(SLOW))
        stream = await made.stream()
        for _ in range(200):
            stream.put(b"x" * 10_000)
        assert await stream.receive() is None
        assert (stream.close_code, stream.close_reason) == (1006, "unread")


async def test_a_reader_that_is_slow_holds_the_peer_back_and_loses_nothing() -> None:
    async with house() as made, made.dial(SLOW) as client:
        stream = await made.stream()
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def send() -> None:
                for n in range(2000):
                    await client.send_message(str(n))

            await trio.sleep(0.05)
            got: list[bytes] = []
            while len(got) < 2000:
                got += await stream.receive() or []
        assert got == [b"%d" % n for n in range(2000)]
