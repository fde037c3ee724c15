"""Nothing of the front door outlives it, at whatever step it is cancelled; nothing a peer sends is an exception."""

from __future__ import annotations

import random
import socket
from collections import Counter

import trio

from agentd.config import Settings
from agentd.core.signature import Verdict
from agentd.media import MediaStream
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.web.admission import Admissions
from agentd.web.arrivals import Arrivals
from agentd.web.door import Door
from agentd.web.front import Front
from agentd.web.handshake import shake_hands
from agentd.web.listening import listening_socket
from agentd.web.media_socket import MediaSocket

REQUEST = (
    b"GET /ws/twilio-media HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TEXT = b"\x81\x85\x00\x00\x00\x00hello"


def door(on_media: object) -> Door:
    settings = Settings.of()
    return Door(
        settings=settings,
        admissions=Admissions(settings),
        emit_house=lambda _: None,
        on_media=on_media,
        refuse_call=lambda _: None,
        phrase=lambda *_: "",
        phrase_audio=lambda _: None,
        end_call=lambda *_: None,
        keep_recording=lambda _: None,
        ready=lambda: "ready",
    )


async def talk(stream: MediaStream, _: str) -> None:
    try:
        while (messages := await stream.receive()) is not None:
            for message in messages:
                stream.put(message)
    finally:
        await stream.aclose()


def test_a_front_that_serves_both_doors_can_be_cancelled_at_every_step() -> None:
    async def scenario(scope: trio.CancelScope) -> None:
        with socket.socket() as media, socket.socket() as http, scope:
            async with trio.open_nursery() as calls:
                listener = listening_socket("127.0.0.1", 0, {})
                address = listener.getsockname()
                front = Front(door(lambda stream, path: calls.start_soon(talk, stream, path)), listener)
                for client, request in ((media, REQUEST + TEXT), (http, b"GET /version HTTP/1.1\r\nHost: h\r\n\r\n")):
                    client.connect(address)
                    client.sendall(request)
                    client.setblocking(False)
                async with trio.open_nursery() as house:
                    await house.start(front.run)
                    for client in (http, media):
                        await trio.lowlevel.wait_readable(client)
                    media.close()
                    house.cancel_scope.cancel()

    for seed in range(2):
        assert cancel_everywhere(scenario, seed=seed).steps > 40


def test_a_stream_that_is_written_read_and_closed_can_be_cancelled_at_every_step() -> None:
    async def scenario(scope: trio.CancelScope) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            client.connect(server.getsockname())
            ours, _ = server.accept()
            ours.setblocking(False)
            client.sendall(REQUEST + TEXT)
            stream: MediaSocket | None = None
            with scope:
                try:
                    stream, _ = await shake_hands(
                        ours, lambda *_: Verdict.OFF, lambda _: None, Counter(), Arrivals(), full=False
                    )
                    assert stream is not None
                    await stream.receive()
                    stream.put(b"x" * 60_000)
                    await stream.flush()
                finally:
                    if stream is None:
                        ours.close()
                    else:
                        await stream.aclose()
            assert ours.fileno() == -1

    cancel_everywhere(scenario)


async def test_random_bytes_after_the_handshake_never_raise() -> None:
    rng = random.Random(7)
    for _ in range(150):
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.create_connection(server.getsockname())
            ours, _ = server.accept()
        ours.setblocking(False)
        client.sendall(REQUEST)
        stream, _ = await shake_hands(ours, lambda *_: Verdict.OFF, lambda _: None, Counter(), Arrivals(), full=False)
        assert stream is not None
        frames = [
            bytes([rng.choice((0x81, 0x01, 0x82, 0x80, 0x00, 0x89, 0x8A, 0x88, rng.randrange(256)))])
            + bytes([0x80 | rng.randrange(20) if rng.random() < 0.9 else rng.randrange(256)])
            + rng.randbytes(rng.randrange(30))
            for _ in range(rng.randrange(1, 20))
        ]
        client.sendall(b"".join(frames))
        client.close()
        with trio.fail_after(5):
            while await stream.receive() is not None:
                stream.put(b"answer")
        assert stream.close_code is not None
        await stream.aclose()
