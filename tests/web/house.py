"""A front door in the test's own process, on a free port, with a house that records what it is told."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import trio
import trio_websocket

from agentd.agents.approvals import ApprovalDesk
from agentd.config import Settings
from agentd.core.signature import sign
from agentd.events import Event, WsHandshake
from agentd.facts import Incoming
from agentd.media import MediaStream
from agentd.web.admission import Admissions
from agentd.web.door import Door, Recording
from agentd.web.front import Front
from agentd.web.listening import listening_socket
from agentd.web.twilio_rest import Told, TwilioCalls

TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = "AC" + "a" * 32
BASE = "https://agent.example.com"


@dataclass
class House:
    front: Front
    door: Door
    events: list[Event] = field(default_factory=list)
    streams: list[tuple[MediaStream, str]] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    ended: list[tuple[str, int | None, str]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    deaf: bool = False  # what is told of messages finds no room
    refuse: str | None = None
    audio: dict[str, bytes] = field(default_factory=dict)
    phrases: dict[str, str] = field(default_factory=dict)
    state: str = "ready"
    news: trio.lowlevel.ParkingLot = field(default_factory=trio.lowlevel.ParkingLot)

    @property
    def url(self) -> str:
        return f"http://{self.front.address}"

    async def stream(self, nth: int = 0) -> MediaStream:
        """The nth media stream that shook hands, when it has."""
        with trio.fail_after(5):
            while len(self.streams) <= nth:
                await self.news.park()
        return self.streams[nth][0]

    async def handshake(self, nth: int = -1) -> WsHandshake:
        with trio.fail_after(5):
            while True:
                seen = [event for event in self.events if isinstance(event, WsHandshake)]
                if seen and len(seen) > max(nth, 0):
                    return seen[nth]
                await trio.sleep(0.005)

    async def post(self, path: str, form: dict[str, str] | None = None, **extra: Any) -> httpx.Response:
        """A webhook as Twilio sends it, signed."""
        fields = {"AccountSid": ACCOUNT, **(form or {})}
        base = self.door.settings.public_base_url or self.url
        headers = {"X-Twilio-Signature": sign(TOKEN, base + path, tuple(fields.items()))} | extra.pop("headers", {})
        async with plain_client() as client:
            return await client.post(self.url + path, data=fields, headers=headers, **extra)

    async def get(self, path: str, **extra: Any) -> httpx.Response:
        async with plain_client() as client:
            return await client.get(self.url + path, **extra)

    @asynccontextmanager
    async def dial(
        self, path: str = "/ws/twilio-media", *, signature: str | None = "", subprotocols: tuple[str, ...] = ()
    ) -> AsyncIterator[trio_websocket.WebSocketConnection]:
        """Open the media socket as Twilio does. Leaving is bounded: the client may hang after a 1009."""
        host = self.door.settings.public_base_url.partition("://")[2] or self.front.address
        if signature == "":
            signature = sign(TOKEN, f"wss://{host}{path}")
        headers = [] if signature is None else [(b"X-Twilio-Signature", signature.encode())]
        stream = await self.tcp()
        async with trio.open_nursery() as nursery:
            try:
                socket = await trio_websocket.wrap_client_stream(
                    nursery, stream, self.front.address, path, subprotocols=subprotocols, extra_headers=headers
                )
                yield socket
                with trio.move_on_after(0.1):
                    await socket.aclose()
            finally:
                await trio.aclose_forcefully(stream)
                nursery.cancel_scope.cancel()

    async def tcp(self) -> trio.SocketStream:
        name, port = self.front.address.rsplit(":", 1)
        return await trio.open_tcp_stream(name, int(port))


@asynccontextmanager
async def house(
    rest: TwilioCalls | None = None,
    approvals: ApprovalDesk | None = None,
    calendar_feed: Callable[[], Awaitable[bytes]] | None = None,
    **overrides: Any,
) -> AsyncIterator[House]:
    """A house with credentials and a public address unless overridden."""
    values = {"public_base_url": BASE, "twilio_account_sid": ACCOUNT, "twilio_auth_token": TOKEN, "port": 0}
    settings = Settings.of(**(values | overrides))
    listener = listening_socket("127.0.0.1", 0, {})
    holder: list[House] = []

    def on_media(stream: MediaStream, path: str) -> None:
        holder[0].streams.append((stream, path))
        holder[0].news.unpark_all()

    def refuse_call(_: Incoming) -> str | None:
        return holder[0].refuse

    door = Door(
        settings=settings,
        admissions=Admissions(settings),
        emit_house=lambda event: holder[0].events.append(event),
        on_media=on_media,
        refuse_call=refuse_call,
        phrase=lambda key, _: holder[0].phrases.get(key, ""),
        phrase_audio=lambda key: holder[0].audio.get(key),
        end_call=lambda *what: holder[0].ended.append(what),
        keep_recording=lambda recording: holder[0].recordings.append(recording),
        ready=lambda: holder[0].state,
        rest=rest,
        message_told=lambda told: not holder[0].deaf and (holder[0].told.append(told) or True),
        approvals=approvals,
        **({} if calendar_feed is None else {"calendar_feed": calendar_feed}),
        version="1.2.3",
        commit="abc",
    )
    made = House(Front(door, listener), door)
    holder.append(made)
    async with trio.open_nursery() as nursery:
        await nursery.start(made.front.run)
        try:
            yield made
        finally:
            async with trio.open_nursery() as closing:
                for stream, _ in made.streams:
                    closing.start_soon(stream.aclose)
            nursery.cancel_scope.cancel()


def plain_client() -> httpx.AsyncClient:
    """Without the certificates, which take 50 ms to load."""
    return httpx.AsyncClient(verify=False, trust_env=False)


def twiml(response: httpx.Response) -> ET.Element:
    assert response.content.startswith(b"<?xml"), response.content
    return ET.fromstring(response.content)


def token_in(response: httpx.Response) -> str:
    return re.search(r'name="token" value="([^"]*)"', response.text).group(1)


def call_form(call_sid: str = "CA1", caller: str = "+972501234567", **extra: str) -> dict[str, str]:
    return {"CallSid": call_sid, "From": caller, "To": "+97231234567", "CallStatus": "ringing", **extra}
