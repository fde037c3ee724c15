"""Who may open the media socket, and what is said about it."""

from __future__ import annotations

import pytest
import trio
import trio_websocket

from agentd.core.signature import sign
from tests.web.house import BASE, TOKEN, house
from tests.web.test_front_door import read_all, read_head, upgrade

PATHS = ["/ws/twilio-media", "/ws/twilio%2Dmedia"]  # the second one is recognised by the HTTP server only


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("signature", "verdict"),
    [
        (None, "missing"),
        ("AAAA", "wrong"),
        (sign(TOKEN, BASE + "/ws/twilio-media"), "wrong"),  # the https form
        (sign("other", "wss://agent.example.com/ws/twilio-media"), "wrong"),
    ],
)
async def test_a_missing_or_forged_signature_is_refused_before_101(
    path: str, signature: str | None, verdict: str
) -> None:
    async with house() as made:
        with pytest.raises((trio_websocket.ConnectionRejected, BaseExceptionGroup)) as refused:
            async with made.dial(path, signature=signature):
                pass
        error = refused.value
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        assert error.status_code == 403
        event = await made.handshake()
        assert (event.signature, event.refused) == (verdict, "signature")
        assert event.door == ("fast" if path == PATHS[0] else "slow")
        assert made.streams == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        ((), None),
        (("audio.twilio.com",), "audio.twilio.com"),
        (("chat", "audio.twilio.com"), "audio.twilio.com"),
        (("chat",), None),
    ],
)
async def test_the_subprotocol_is_echoed_only_if_offered(
    path: str, offered: tuple[str, ...], selected: str | None
) -> None:
    async with house() as made, made.dial(path, subprotocols=offered) as client:
        assert client.subprotocol == selected
        event = await made.handshake()
        assert (event.offered, event.selected) == (offered, selected)


async def test_a_signature_sent_twice_is_wrong() -> None:
    async with house() as made, await made.tcp() as client:
        request = upgrade()
        line = next(line for line in request.split(b"\r\n") if line.startswith(b"X-Twilio"))
        await client.send_all(request.replace(line, line + b"\r\n" + line))
        assert b" 403 " in await read_all(client)
        assert (await made.handshake()).signature == "wrong"


async def test_no_compression_is_agreed() -> None:
    async with house() as made, await made.tcp() as client:
        await client.send_all(upgrade()[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
        head = await read_head(client)
        assert b" 101 " in head
        assert b"extensions" not in head.lower()


async def test_frames_sent_too_early_come_after_the_101() -> None:
    async with house() as made, await made.tcp() as client:
        ping = b"\x89\x81\x00\x00\x00\x00p"
        text = b"\x81\x81\x00\x00\x00\x00t"
        await client.send_all(upgrade() + ping + text)
        stream = await made.stream()
        assert await stream.receive() == [b"t"]
        head = await read_head(client)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert head.endswith(b"\r\n\r\n\x8a\x01p")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"Upgrade: websocket\r\n", b""), b"426"),
        ((b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8"), b"400"),
        ((b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Key: short"), b"400"),
        ((b"Host: agent.example.com", b"no colon here"), b"400"),
    ],
)
async def test_what_is_no_websocket_request_is_told_so(change: tuple[bytes, bytes], status: bytes) -> None:
    async with house() as made, await made.tcp() as client:
        await client.send_all(upgrade().replace(*change))
        assert (await read_all(client)).startswith(b"HTTP/1.1 " + status)
        assert (await made.handshake()).refused in ("not-websocket", "bad-request")


async def test_an_endless_head_is_refused() -> None:
    async with house() as made, await made.tcp() as client:
        await client.send_all(upgrade()[:-2] + b"X: y\r\n" * 4000)
        assert b" 400 " in await read_all(client)


@pytest.mark.parametrize("path", PATHS)
async def test_no_more_than_max_calls_and_twenty_sockets_wait_for_their_start(path: str) -> None:
    async with house(max_calls=1) as made:
        clients = []
        for n in range(21):
            clients.append(await made.tcp())
            await clients[-1].send_all(upgrade())
            await made.stream(n)
        late = await made.tcp()
        await late.send_all(upgrade(path))
        assert b" 503 " in await read_head(late)
        assert (await made.handshake()).refused == "full"
        made.door.lobby.leave(made.streams[0][0])  # its start was admitted
        await made.streams[1][0].aclose()  # gone without a start
        for n in (21, 22):
            clients.append(await made.tcp())
            await clients[-1].send_all(upgrade())
            await made.stream(n)
        for client in [*clients, late]:
            await client.aclose()


async def test_development_without_credentials_checks_nothing_on_loopback(caplog: pytest.LogCaptureFixture) -> None:
    async with house(public_base_url="", twilio_account_sid="", twilio_auth_token="") as made:
        assert [record for record in caplog.records if "signatures are not checked" in record.message]
        async with made.dial(signature=None):
            assert (await made.handshake()).signature == "off"
        answer = await made.post("/webhook/incoming_call", {"CallSid": "CA1", "AccountSid": "ACx"})
        assert answer.status_code == 200
        assert f'url="wss://{made.front.address}/ws/twilio-media"' in answer.text


async def test_forwarded_hosts_count_only_when_the_proxy_is_trusted() -> None:
    for trust in (True, False):
        async with house(public_base_url="", trust_proxy=trust) as made, await made.tcp() as client:
            signature = sign(TOKEN, "wss://public.example/ws/twilio-media").encode()
            request = upgrade().split(b"X-Twilio-Signature: ")[0] + b"X-Twilio-Signature: " + signature
            await client.send_all(request + b"\r\nX-Forwarded-Host: public.example\r\n\r\n")
            with trio.fail_after(2):
                assert (b" 101 " in await read_head(client)) is trust
