"""The media socket, with an independent client on the other end."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio_websocket
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

from agentd.core.signature import Verdict
from agentd.media import Binary
from agentd.web.arrivals import Arrivals
from agentd.web.handshake import shake_hands
from agentd.web.media_socket import UNSENT_CAP_BYTES, MediaSocket


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    ours.setblocking(False)
    client.setblocking(False)
    return ours, client


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[MediaSocket, trio_websocket.WebSocketConnection]]:
    """Our stream and a trio-websocket client; leaving is bounded, for the client may hang after a 1009."""
    ours, theirs = tcp_pair()
    transport = trio.SocketStream(trio.socket.from_stdlib_socket(theirs))
    streams: list[MediaSocket] = []

    async def accept() -> None:
        stream, _ = await shake_hands(ours, lambda *_: Verdict.OFF, print, Counter(), Arrivals(), full=False)
        assert stream is not None
        streams.append(stream)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept)
        client = await trio_websocket.wrap_client_stream(nursery, transport, "h", "/ws/twilio-media")
        while not streams:
            await trio.lowlevel.checkpoint()
        try:
            with trio.fail_after(100):
                yield streams[0], client
        finally:
            await streams[0].aclose()
            await trio.aclose_forcefully(transport)
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def raw() -> AsyncIterator[tuple[MediaSocket, ClientProtocol, socket.socket, Counter[str]]]:
    """Our stream and a bare client socket with a sans-I/O protocol, to send what no client library would."""
    ours, theirs = tcp_pair()
    counts: Counter[str] = Counter()
    client = ClientProtocol(parse_uri("ws://h/ws/twilio-media"), max_size=None)
    client.send_request(client.connect())
    theirs.sendall(b"".join(client.data_to_send()))
    stream, _ = await shake_hands(ours, lambda *_: Verdict.OFF, print, counts, Arrivals(), full=False)
    assert stream is not None
    client.receive_data(theirs.recv(65536))
    assert client.state is State.OPEN
    client.events_received()
    try:
        with trio.fail_after(100):
            yield stream, client, theirs, counts
    finally:
        theirs.close()
        await stream.aclose()


def push(client: ClientProtocol, theirs: socket.socket) -> None:
    theirs.sendall(b"".join(client.data_to_send()))


async def hear(client: ClientProtocol, theirs: socket.socket) -> list[object]:
    """What the client gets next; [] at the end of the stream."""
    await trio.lowlevel.wait_readable(theirs)
    data = theirs.recv(65536)
    client.receive_data(data) if data else client.receive_eof()
    return list(client.events_received())


async def test_messages_go_both_ways_in_order() -> None:
    async with connected() as (stream, client):
        for n in range(20):
            await client.send_message(f'{{"n":{n}}}')
        got: list[bytes] = []
        while len(got) < 20:
            got += await stream.receive() or []
        assert got == [b'{"n":%d}' % n for n in range(20)]
        for n in range(20):
            stream.put(b'{"m":%d}' % n)
        assert [await client.get_message() for _ in range(20)] == [f'{{"m":{n}}}' for n in range(20)]


async def test_put_sends_at_once_without_a_checkpoint() -> None:
    async with raw() as (stream, client, theirs, _):
        stream.put(b"now")
        client.receive_data(theirs.recv(100))
        assert [bytes(frame.data) for frame in client.events_received()] == [b"now"]


async def test_fragments_are_put_together_and_controls_may_come_between() -> None:
    async with raw() as (stream, client, theirs, _):
        client.send_text(b"abc", fin=False)
        client.send_ping(b"p")
        client.send_continuation(b"def", fin=False)
        client.send_continuation(b"", fin=True)
        push(client, theirs)
        assert await stream.receive() == [b"abcdef"]
        assert (await hear(client, theirs))[0].data == b"p"


async def test_binary_arrives_as_binary_fragmented_or_not() -> None:
    async with raw() as (stream, client, theirs, _):
        client.send_binary(b"\x00\xff")
        client.send_binary(b"\x01", fin=False)
        client.send_continuation(b"\x02", fin=True)
        client.send_text(b"text")
        push(client, theirs)
        got = await stream.receive()
        assert got == [b"\x00\xff", b"\x01\x02", b"text"]
        assert [isinstance(message, Binary) for message in got] == [True, True, False]


@pytest.mark.parametrize("pieces", [1, 3])
async def test_a_message_over_64_kib_closes_with_1009(pieces: int) -> None:
    async with raw() as (stream, client, theirs, _):
        size = 66_000 // pieces
        client.send_text(b"x" * size, fin=pieces == 1)
        for n in range(1, pieces):
            client.send_continuation(b"x" * size, fin=n == pieces - 1)
        theirs.setblocking(True)
        push(client, theirs)
        theirs.setblocking(False)
        assert await stream.receive() is None
        assert await stream.receive() is None
        assert stream.close_code == 1009
        stream.put(b"into the void")
        while client.state is State.OPEN:
            await hear(client, theirs)
        assert client.close_rcvd.code == 1009


async def test_a_message_of_exactly_64_kib_is_fine() -> None:
    async with connected() as (stream, client):
        await client.send_message("x" * 65536)
        assert await stream.receive() == [b"x" * 65536]


async def test_the_1009_is_seen_by_a_client_that_is_still_sending() -> None:
    codes: list[int | None] = []
    async with connected() as (stream, client):
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def keep_sending() -> None:
                try:
                    while True:
                        await client.send_message("x" * 300_000)
                except trio_websocket.ConnectionClosed as closed:
                    codes.append(closed.reason and closed.reason.code)

            assert await stream.receive() is None
            await stream.aclose()
        assert stream.close_code == 1009
        assert codes in ([1009], [1006], [None])


async def test_a_broken_frame_closes_with_1002() -> None:
    async with raw() as (stream, client, theirs, _):
        theirs.sendall(b"\x83\x80\x00\x00\x00\x00")  # an opcode that does not exist
        assert await stream.receive() is None
        assert stream.close_code == 1002
        while client.state is State.OPEN:
            await hear(client, theirs)
        assert client.close_rcvd.code == 1002


async def test_the_peers_close_is_echoed_at_once_and_remembered() -> None:
    async with raw() as (stream, client, theirs, _):
        client.send_text(b"last")
        client.send_close(4001, "bye")
        push(client, theirs)
        assert await stream.receive() == [b"last"]
        while client.state is not State.CLOSED:
            await hear(client, theirs)
        assert client.close_rcvd.code == 4001
        assert await stream.receive() is None
        assert (stream.close_code, stream.close_reason) == (4001, "bye")


@pytest.mark.parametrize("abrupt", [True, False])
async def test_a_peer_that_vanishes_is_none_for_good_with_1006(abrupt: bool) -> None:
    async with raw() as (stream, client, theirs, _):
        client.send_text(b"one")
        push(client, theirs)
        if abrupt:
            assert await stream.receive() == [b"one"]
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        theirs.close()
        if not abrupt:
            assert await stream.receive() == [b"one"]
        for _ in range(3):
            assert await stream.receive() is None
        assert (stream.close_code, stream.close_reason) == (1006, "reset" if abrupt else "eof")
        stream.put(b"x")
        await stream.flush()


async def test_last_words_are_read_although_what_we_send_is_reset() -> None:
    async with raw() as (stream, client, theirs, _):
        stream.put(b"unread by the peer, so that its close resets us")
        client.send_text(b"stop")
        push(client, theirs)
        theirs.close()
        for _ in range(50):
            stream.put(b"media", speech=True)
        await stream.flush()
        assert await stream.receive() == [b"stop"]
        assert await stream.receive() is None
        assert stream.close_code == 1006


async def test_pings_are_answered_while_nobody_flushes() -> None:
    async with raw() as (stream, client, theirs, _):
        client.send_ping(b"hello")
        client.send_text(b"x")
        push(client, theirs)
        await stream.receive()
        assert (await hear(client, theirs))[0].data == b"hello"


async def test_a_ping_flood_is_closed_with_1008_and_counted() -> None:
    async with raw() as (stream, client, theirs, counts):
        for _ in range(150):
            client.send_ping(b"")
        push(client, theirs)
        assert await stream.receive() is None
        assert (stream.close_code, counts["media_flood_total"]) == (1008, 1)


async def test_a_few_pings_now_and_then_are_no_flood(autojump_clock: trio.testing.MockClock) -> None:
    async with raw() as (stream, client, theirs, counts):
        for _ in range(5):
            for _ in range(60):
                client.send_ping(b"")
            client.send_text(b"x")
            push(client, theirs)
            assert await stream.receive() == [b"x"]
            autojump_clock.jump(11)
        assert counts["media_flood_total"] == 0


async def test_a_client_that_never_reads_blocks_nothing_and_is_given_up_at_the_cap() -> None:
    async with raw() as (stream, _client, _theirs, counts):
        sent = 0
        message = b"x" * 1000
        while not counts["media_unread_total"]:
            stream.put(message, speech=True)
            sent += 1
            assert sent < 50_000
        assert sent * 1000 > UNSENT_CAP_BYTES
        assert await stream.receive() is None
        assert (stream.close_code, stream.close_reason) == (1006, "unread")
        stream.put(message)
        assert stream.drop_speech() == 0


async def test_a_receiver_that_waits_is_woken_when_the_cap_is_reached() -> None:
    async with raw() as (stream, _client, _theirs, counts), trio.open_nursery() as nursery:

        @nursery.start_soon
        async def receive() -> None:
            assert await stream.receive() is None

        await trio.testing.wait_all_tasks_blocked()
        while not counts["media_unread_total"]:
            stream.put(b"x" * 10_000)


def fill(stream: MediaSocket) -> None:
    """Until the kernel takes no more."""
    while not stream._out:
        stream.put(b"f" * 60_000)


async def drained(client: ClientProtocol, theirs: socket.socket, last: bytes) -> list[bytes]:
    got: list[bytes] = []
    while last not in got:
        got += [bytes(frame.data) for frame in await hear(client, theirs)]
    return got


async def test_dropped_speech_leaves_whole_messages_and_their_order() -> None:
    async with raw() as (stream, client, theirs, _):
        fill(stream)
        for n in range(5):
            stream.put(b"speech%d" % n, speech=True)
            stream.put(b"mark%d" % n)
        assert stream.drop_speech() == 5
        assert stream.drop_speech() == 0
        stream.put(b"clear")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.flush)
            got = await drained(client, theirs, b"clear")
        assert [message for message in got if not message.startswith(b"f")] == [b"mark%d" % n for n in range(5)] + [
            b"clear"
        ]
        assert all(message == b"f" * 60_000 for message in got if message.startswith(b"f"))


async def test_a_message_half_in_the_kernel_is_finished_not_dropped() -> None:
    async with raw() as (stream, client, theirs, _):
        while not stream._out:
            stream.put(b"s" * 60_000, speech=True)
        half_sent = not isinstance(stream._out[0][0], bytes)
        stream.drop_speech()
        assert len(stream._out) == half_sent
        stream.put(b"clear")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.flush)
            got = await drained(client, theirs, b"clear")
        assert {len(message) for message in got[:-1]} == {60_000}


async def test_flush_waits_until_the_kernel_has_everything() -> None:
    async with raw() as (stream, client, theirs, _):
        fill(stream)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.flush)
            nursery.start_soon(stream.flush)
            await trio.testing.wait_all_tasks_blocked()
            assert stream._out
            while stream._out:
                await hear(client, theirs)


async def test_cancelled_flush_and_receive_lose_nothing() -> None:
    async with raw() as (stream, client, theirs, _):
        fill(stream)
        stream.put(b"end")
        for _ in range(3):
            with trio.move_on_after(0):
                await stream.flush()
            with trio.move_on_after(0):
                await stream.receive()
        client.send_text(b"still here")
        push(client, theirs)
        assert await stream.receive() == [b"still here"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.flush)
            got = await drained(client, theirs, b"end")
        assert all(message == b"f" * 60_000 for message in got[:-1])


async def test_what_waits_goes_out_when_messages_come_in() -> None:
    async with raw() as (stream, client, theirs, _):
        fill(stream)
        stream.put(b"clear")
        got: list[bytes] = []
        while b"clear" not in got:
            client.send_text(b"media")
            push(client, theirs)
            await stream.receive()
            with trio.move_on_after(0.01):
                got += [bytes(frame.data) for frame in await hear(client, theirs)]


async def test_our_close_carries_its_code_and_waits_for_the_echo() -> None:
    async with connected() as (stream, client):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.aclose, 1011)
            with pytest.raises(trio_websocket.ConnectionClosed) as closed:
                await client.get_message()
        assert closed.value.reason.code == 1011
        assert stream.close_code == 1011
        assert await stream.receive() is None
        await stream.aclose()


async def test_closing_frees_the_socket_within_a_second_when_the_peer_says_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with raw() as (stream, _client, _theirs, _):
        fill(stream)
        began = trio.current_time()
        with trio.CancelScope() as scope:
            scope.cancel()
            await stream.aclose()
        assert scope.cancelled_caught
        assert trio.current_time() - began == pytest.approx(1.0)
        assert stream._sock.fileno() == -1


async def test_closing_wakes_a_receiver_and_a_flusher_in_other_tasks() -> None:
    async with raw() as (stream, _client, theirs, _):
        fill(stream)
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def receive() -> None:
                assert await stream.receive() is None

            nursery.start_soon(stream.flush)
            await trio.testing.wait_all_tasks_blocked()
            theirs.close()
            await stream.aclose()


async def test_memory_of_a_message_in_endless_empty_fragments_is_bounded() -> None:
    async with raw() as (stream, client, theirs, _):
        client.send_text(b"x", fin=False)
        for _ in range(200):
            client.send_continuation(b"", fin=False)
        push(client, theirs)
        assert await stream.receive() is None
        assert stream.close_code == 1008
