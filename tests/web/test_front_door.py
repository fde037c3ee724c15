"""The port itself: which door a connection reaches, however its bytes arrive."""

from __future__ import annotations

import errno
import os
import socket
import time
from contextlib import suppress

import pytest
import trio

from agentd.core.signature import sign
from agentd.errors import ConfigError
from agentd.web.listening import address_of, listening_socket
from tests.web.house import TOKEN, call_form, house, plain_client, twiml

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: agent.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "X-Twilio-Signature: {signature}\r\n\r\n"
)


def upgrade(path: str = "/ws/twilio-media") -> bytes:
    return UPGRADE.format(path=path, signature=sign(TOKEN, f"wss://agent.example.com{path}")).encode()


async def read_all(stream: trio.SocketStream) -> bytes:
    data = b""
    with trio.fail_after(8):
        async for piece in stream:
            data += piece
    return data


async def read_head(stream: trio.SocketStream) -> bytes:
    data = b""
    with trio.fail_after(8):
        while b"\r\n\r\n" not in data:
            piece = await stream.receive_some(4096)
            if not piece:
                break
            data += piece
    return data


async def test_version_and_a_call_are_answered_on_one_port() -> None:
    async with house() as made:
        version = await made.get("/version")
        assert version.status_code == 200
        assert version.json().keys() == {"version", "commit", "uptime_s"}
        answer = await made.post("/webhook/incoming_call", call_form())
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/xml; charset=utf-8"
        assert twiml(answer).find("Connect/Stream").get("url") == "wss://agent.example.com/ws/twilio-media"


@pytest.mark.parametrize("path", ["/ws/twilio-media", "/ws/twilio-media/", "/ws/twilio-media-alt"])
async def test_media_reaches_the_house_by_the_fast_door_and_comes_back(path: str) -> None:
    async with house() as made, made.dial(path) as client:
        stream = await made.stream()
        await client.send_message('{"event":"connected"}')
        assert await stream.receive() == [b'{"event":"connected"}']
        stream.put(b'{"event":"clear"}')
        assert await client.get_message() == '{"event":"clear"}'
        event = await made.handshake()
        assert (event.path, event.door, event.signature, event.refused) == (path, "fast", "valid", None)
        assert made.streams[0][1] == path
        assert made.door.counts["media_slow_door_total"] == 0


async def test_a_request_line_byte_by_byte_reaches_both_doors() -> None:
    async with house() as made:
        async with await made.tcp() as client:
            for byte in upgrade():
                await client.send_all(bytes([byte]))
                await trio.lowlevel.checkpoint()
            assert (await read_head(client)).startswith(b"HTTP/1.1 101 ")
        await made.stream()
        async with await made.tcp() as client:
            for byte in b"GET /version HTTP/1.1\r\nHost: h\r\n\r\n":
                await client.send_all(bytes([byte]))
                await trio.lowlevel.checkpoint()
            assert (await read_all(client)).startswith(b"HTTP/1.1 200 ")
        assert made.door.counts["media_slow_door_total"] == 0


async def test_half_a_request_line_costs_no_cpu() -> None:
    async with house() as made, await made.tcp() as client:
        await client.send_all(b"GET /ws/twil")
        await trio.sleep(0.05)
        before = time.process_time()
        await trio.sleep(0.5)
        assert time.process_time() - before < 0.25  # a spin would burn all of it
        await client.send_all(upgrade()[len("GET /ws/twil") :])
        assert b" 101 " in await read_head(client)


async def test_a_connection_that_ends_in_mid_line_or_says_nothing_is_dropped() -> None:
    async with house() as made:
        async with await made.tcp() as client:
            await client.send_all(b"GET /ws/tw")
            await client.send_eof()
            with suppress(trio.BrokenResourceError):  # reset, because half a line was never read
                assert await read_all(client) == b""
        async with await made.tcp() as client:
            await client.send_eof()
            assert await read_all(client) == b""
        assert (await made.get("/version")).status_code == 200


async def test_one_request_per_connection_so_that_no_upgrade_comes_second() -> None:
    async with house() as made, await made.tcp() as client:
        await client.send_all(b"GET /version HTTP/1.1\r\nHost: h\r\n\r\n" + upgrade())
        answer = await read_all(client)
        assert answer.count(b"HTTP/1.1") == 1
        assert b"connection: close" in answer.lower()
        assert made.streams == []


async def test_an_upgrade_as_second_request_is_served_by_the_slow_door(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house() as made:
        made.front._config.keep_alive_max_requests = 1000  # as if the limit were not kept
        async with await made.tcp() as client:
            await client.send_all(b"GET /version HTTP/1.1\r\nHost: h\r\n\r\n")
            head = await read_head(client)
            assert b" 200 " in head
            await client.send_all(upgrade())
            while b" 101 " not in head:
                head += await client.receive_some(4096)
            await made.stream()
            assert (await made.handshake()).door == "slow"
            assert made.door.counts["media_slow_door_total"] == 1


async def test_a_handshake_that_never_ends_is_dropped_after_five_seconds(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with house() as made:
        async with await made.tcp() as client:
            autojump_clock.autojump_threshold = 0.05
            await client.send_all(upgrade()[:-2])
            began = trio.current_time()
            assert await read_all(client) == b""
            assert 4.9 <= trio.current_time() - began <= 7
        event = await made.handshake()
        assert event.refused == "timeout"
        assert made.streams == []


async def test_a_flood_of_silent_connections_leaves_room_for_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentd.web.front._UNDECIDED", 5)
    async with house() as made:
        idle = [await made.tcp() for _ in range(20)]
        assert (await made.get("/version")).status_code == 200
        assert await idle[0].receive_some(1) == b""  # the oldest had to go
        for stream in idle:
            await stream.aclose()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"GET /version HTTP/1.1\r\nHost:", b""),
        (b"POST /webhook/incoming_call HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc", b"HTTP/1.1 408 "),
    ],
)
async def test_a_request_that_never_ends_is_given_up(
    sent: bytes, answer: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    async with house() as made, await made.tcp() as client:
        autojump_clock.autojump_threshold = 0.05
        await client.send_all(sent)
        began = trio.current_time()
        assert (await read_all(client)).startswith(answer)
        assert 4.9 <= trio.current_time() - began <= 7


async def test_running_out_of_descriptors_pauses_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [OSError(errno.EMFILE, "full"), OSError(errno.ECONNABORTED, "gone")]

    class Full(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if failures:
                raise failures.pop(0)
            return super().accept()

    async with house() as made:
        listener = made.front._listener
        made.front._listener = Full(fileno=os.dup(listener.fileno()))
        made.front._listener.setblocking(False)
        assert (await made.get("/version")).status_code == 200  # wakes the accept that still waits on the old one
        assert (await made.get("/version")).status_code == 200
        assert failures == []
        assert made.door.counts["accept_failed_total"] == 1
        made.front._listener.close()
        listener.close()


async def test_when_it_stops_accepting_what_lives_goes_on() -> None:
    async with house() as made, made.dial() as client:
        stream = await made.stream()
        made.front.stop_accepting()
        await client.send_message("x")
        assert await stream.receive() == [b"x"]


async def test_rubbish_gets_an_error_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    rubbish = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /webhook/incoming_call HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n",
        b"POST /webhook/incoming_call HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /ws/twilio-media HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        b"GET /ws/twilio-media HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"GET /ws/twilio-media HTTP/1.1\r\n: \r\n\r\n",
        b"GET /" + b"x" * 100_000,
    ]
    async with house() as made:
        for piece in rubbish:
            async with await made.tcp() as client:
                with trio.move_on_after(2):
                    try:
                        await client.send_all(piece)
                        await client.send_eof()
                        await read_all(client)
                    except trio.BrokenResourceError:
                        pass
        assert (await made.get("/version")).status_code == 200
        assert made.streams == []
    assert not [record for record in caplog.records if record.exc_info]


async def test_cancelling_the_front_leaves_no_socket_behind() -> None:
    before = len(os.listdir("/proc/self/fd"))
    async with house() as made:
        await made.get("/version")
        client = await made.tcp()
        await client.send_all(b"GET /ws")
        await trio.sleep(0.02)
    await client.aclose()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_socket_from_systemd_wins_over_the_settings() -> None:
    ours = listening_socket("127.0.0.1", 0, {})
    try:
        env = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
        given = listening_socket("127.0.0.1", 1, env, first_fd=os.dup(ours.fileno()))
        assert address_of(given) == address_of(ours)
        assert not given.getblocking()
        given.close()
        other = listening_socket("127.0.0.1", 0, env | {"LISTEN_PID": "1"})
        assert address_of(other) != address_of(ours)
        other.close()
    finally:
        ours.close()


def test_a_port_that_is_taken_is_named() -> None:
    ours = listening_socket("127.0.0.1", 0, {})
    with pytest.raises(ConfigError, match=r"PORT: cannot listen on 127\.0\.0\.1.*in use.*--port"):
        listening_socket("127.0.0.1", ours.getsockname()[1], {})
    ours.close()


@pytest.mark.parametrize("bind", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_this_machine_s_is_named(bind: str) -> None:
    with pytest.raises(ConfigError, match=rf"BIND: cannot listen on {bind}:0: .*0\.0\.0\.0"):
        listening_socket(bind, 0, {})


async def test_httpx_reuses_nothing_and_sees_no_error() -> None:
    async with house() as made, plain_client() as client:
        for _ in range(5):
            assert (await client.get(made.url + "/version")).status_code == 200
