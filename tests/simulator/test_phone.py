"""The simulated Twilio over real sockets, against a small stand-in for agentd."""

from __future__ import annotations

import itertools
import math
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import h11
import msgspec
import numpy as np
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket
from twilio.request_validator import RequestValidator

from agentd.audio import mulaw
from agentd.audio.wav import parse
from agentd.core.media_stream import Writer
from agentd.core.twiml import StreamTo, connect, done
from agentd.errors import ConfigError
from agentd.simulator.call_log import CallEvent, CallLog, CallResult
from agentd.simulator.handset import Handset
from agentd.simulator.line import Line
from agentd.simulator.live_stream import LiveStream
from agentd.simulator.phone import Callbacks, Network, place_call
from agentd.simulator.script import HangUp, Interrupt, Press, Say, Silence, Step, WaitForAgent
from agentd.testing import sounds
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.testing.play import play

VOICE = mulaw.decode(sounds.voice(0.3))
TOKEN = "0123456789abcdef0123456789abcdef"

Behaviour = Callable[["Agent"], Awaitable[None]]


class Agent:
    """One stream at the stand-in's end."""

    def __init__(self, request: WebSocketRequest, connection: WebSocketConnection) -> None:
        self.request, self.connection = request, connection
        self.headers = {k.decode().lower(): v.decode() for k, v in request.headers}
        self.seen: list[dict] = []
        self.writer = Writer("")

    async def next(self, event: str) -> dict:
        while True:
            message = msgspec.json.decode(await self.connection.get_message())
            self.seen.append(message)
            if message["event"] == "start":
                self.writer = Writer(message["streamSid"])
            if message["event"] == event:
                return message

    async def frames(self, n: int) -> None:
        for _ in range(n):
            await self.next("media")

    async def speak(self, seconds: float, mark: str = "") -> None:
        await self.send(self.writer.media(sounds.voice(seconds)))
        if mark:
            await self.send(self.writer.mark(mark))

    async def send(self, message: bytes) -> None:
        await self.connection.send_message(message.decode())

    def events(self) -> list[str]:
        return [m["event"] for m in self.seen]


class StandIn:
    """Webhooks (`documents` by path, `posts` as received) and media streams (`behave` for each)."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[int, str, bytes]] = {}
        self.posts: list[tuple[str, dict[str, str], str | None]] = []
        self.agents: list[Agent] = []
        self.behaviours: list[Behaviour] = []
        self.accept: dict[str, Any] = {}
        self.web = self.ws = ""

    def xml(self, path: str, body: bytes) -> None:
        self.documents[path] = (200, "text/xml", body)

    def connect(self, **parameters: str) -> None:
        """The TwiML that agentd itself gives."""
        to = StreamTo(base=self.web, host=self.ws.removeprefix("ws://"))
        self.xml("/webhook/incoming_call", connect(to, parameters))
        self.xml("/webhook/stream_ended", done())

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.posts]

    async def on_http(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        request, body = None, b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some())
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                break
        assert request is not None
        path = request.target.decode()
        signature = dict(request.headers).get(b"x-twilio-signature")
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.posts.append((path, form, signature.decode() if signature else None))
        status, kind, answer = self.documents.get(path, (204, "", b""))
        head = [("content-type", kind), ("content-length", str(len(answer))), ("connection", "close")]
        await stream.send_all(connection.send(h11.Response(status_code=status, headers=head)) or b"")
        await stream.send_all((connection.send(h11.Data(answer)) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        await stream.aclose()

    async def on_ws(self, request: WebSocketRequest) -> None:
        agent = Agent(request, await request.accept(**self.accept))
        self.agents.append(agent)
        with suppress(ConnectionClosed):
            await self.behaviours[min(len(self.agents), len(self.behaviours)) - 1](agent)


@asynccontextmanager
async def stand_in(*behaviours: Behaviour) -> AsyncIterator[StandIn]:
    server = StandIn()
    server.behaviours = list(behaviours)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, server.on_http, 0, host="127.0.0.1"))
        server.web = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        ws = await nursery.start(partial(serve_websocket, server.on_ws, "127.0.0.1", 0, ssl_context=None))
        server.ws = f"ws://127.0.0.1:{ws.port}"
        yield server
        nursery.cancel_scope.cancel()


async def call(server: StandIn, *script: Step, network: Network | None = None, **kwargs: object) -> CallResult:
    with trio.fail_after(20):
        return await place_call(
            f"{server.web}/webhook/incoming_call", script, network=network, on_event=kwargs.get("on_event")
        )


def events_at(events: list[CallEvent], what: str) -> float:
    return next(e.at_s for e in events if e.what == what)


async def listener(agent: Agent) -> None:
    while True:
        await agent.next("media")


async def polite(agent: Agent) -> None:
    """Greets, and answers the first utterance when it has heard 300 ms of voice and 200 ms of silence."""
    await agent.next("start")
    await agent.speak(0.3, "greeting")
    voiced = quiet = 0
    while not (voiced >= 12 and quiet >= 10):
        media = await agent.next("media")
        loud = np.abs(np.frombuffer(mulaw.decode(b64decode(media["media"]["payload"])), "<i2")).max() > 500
        voiced, quiet = voiced + loud, 0 if loud else quiet + 1
    await agent.speak(0.4, "answer")
    await listener(agent)


async def test_a_whole_call_by_webhook_signed_and_recorded(tmp_path: Path) -> None:
    events: list[CallEvent] = []
    async with stand_in(polite) as server:
        server.connect(token="one-time", call_sid="x")
        script = (WaitForAgent(quiet_s=0.3), Say(VOICE), WaitForAgent(quiet_s=0.3), Press("7"), Silence(0.1), HangUp())
        result = await call(server, *script, network=Network(auth_token=TOKEN, seed=1), on_event=events.append)
        agent = server.agents[0]

    assert (result.ended_by, result.streams, result.codes, result.close_code) == ("caller", 1, [], None)
    assert len(result.caller_speech) == 2  # the voice and the key
    assert len(result.agent_speech) == 2
    assert result.greeting_s is not None
    assert result.greeting_s == pytest.approx(
        result.agent_speech[0][0] - events_at(events, "stream connected"), abs=0.05
    )
    assert result.answer_waits_s[0] == result.agent_speech[1][0] - result.caller_speech[0][1] > 0
    assert [name for _, name in result.marks] == ["greeting", "answer"]
    assert result.messages == {"media": 2, "mark": 2}
    # What agentd saw: signed requests, the standard fields, then the stream with its parameters.
    validator = RequestValidator(TOKEN)
    assert server.paths()[:2] == ["/webhook/incoming_call", "/webhook/stream_status"]
    assert sorted(server.paths()[2:]) == ["/webhook/stream_ended", "/webhook/stream_status"]  # Twilio keeps no order
    assert all(validator.validate(server.web + path, form, signature) for path, form, signature in server.posts)
    assert server.posts[0][1]["CallStatus"] == "ringing"
    assert {form["CallSid"] for _, form, _ in server.posts} == {result.call_sid}
    assert [f["StreamEvent"] for p, f, _ in server.posts if p.endswith("status")] == [
        "stream-started",
        "stream-stopped",
    ]
    wss = server.ws.replace("ws://", "wss://") + "/ws/twilio-media"
    assert validator.validate(wss, {}, agent.headers["x-twilio-signature"])
    assert "sec-websocket-protocol" not in agent.headers
    start = next(m for m in agent.seen if m["event"] == "start")["start"]
    assert start["customParameters"] == {"token": "one-time", "call_sid": "x"}
    assert [e for e in agent.events() if e != "media"] == ["connected", "start", "mark", "mark", "dtmf", "stop"]
    # The live timeline and the recording.
    told = [(e.who, e.what) for e in sorted(events, key=lambda e: e.at_s) if e.who in ("caller", "agent")]
    assert told[:4] == [("agent", "speaks"), ("agent", "stops"), ("caller", "speaks"), ("caller", "stops")]
    assert told[-1] == ("caller", "hangs up")
    assert next(e.at_s for e in events if e.who == "agent") == pytest.approx(result.agent_speech[0][0], abs=0.01)
    result.write_wav(tmp_path / "call.wav")
    assert len(parse((tmp_path / "call.wav").read_bytes()).data) == pytest.approx(result.duration_s * 16000, abs=400)


async def test_frames_keep_real_time_and_their_order() -> None:
    async with stand_in(listener) as server:
        server.connect()
        await call(server, Silence(1.0), HangUp())
        media = [m for m in server.agents[0].seen if m["event"] == "media"]
    assert len(media) == pytest.approx(50, abs=5)
    assert [int(m["sequenceNumber"]) for m in media] == list(range(2, len(media) + 2))
    assert all(a["media"]["payload"] != b["media"]["payload"] for a, b in itertools.pairwise(media))


async def test_interrupting_cuts_the_agent_and_the_clear_is_seen() -> None:
    async def talkative(agent: Agent) -> None:
        await agent.next("start")
        await agent.speak(5, "long")
        loud = 0
        while loud < 5:
            media = await agent.next("media")
            loud += len(set(media["media"]["payload"])) > 20
        await agent.send(agent.writer.clear)
        await listener(agent)

    async with stand_in(talkative) as server:
        server.connect()
        result = await call(server, Interrupt(VOICE, after_s=0.5), Silence(0.3), HangUp())
        agent = server.agents[0]
    assert len(result.agent_speech) == 1
    begin, end = result.agent_speech[0]
    assert 0.5 < end - begin < 4
    assert result.barge_in_stops_s == [pytest.approx(end - result.caller_speech[0][0])]
    (_, dropped_s), = result.clears  # fmt: skip
    assert dropped_s == pytest.approx(5 - (end - begin), abs=0.1)
    assert agent.events().count("mark") == 1  # the clear gave it back


async def test_our_close_is_recorded_and_the_action_decides_what_comes_next() -> None:
    async def leaves(agent: Agent) -> None:
        await agent.next("media")
        await agent.connection.aclose(1000 if len(agents) else 1011)
        agents.append(agent)

    agents: list[Agent] = []
    async with stand_in(leaves) as server:
        server.connect()
        server.xml("/webhook/stream_ended", server.documents["/webhook/incoming_call"][2])  # resume, once

        async def behave(agent: Agent) -> None:
            server.xml("/webhook/stream_ended", b"<Response><Say>bye</Say><Hangup/></Response>") if agents else None
            await leaves(agent)

        server.behaviours = [behave]
        result = await call(server, Silence(5), network=Network(callbacks=Callbacks.TWICE))
    assert (result.streams, result.ended_by, result.codes) == (2, "twiml", [31921, 31921])
    assert result.close_code == 1000
    assert result.verbs == ["Connect", "Connect", "Say", "Hangup"]
    assert server.paths().count("/webhook/stream_status") == 8


async def test_a_lost_socket_and_a_violation_have_their_own_codes() -> None:
    async def vanishes(agent: Agent) -> None:
        await agent.next("media")
        await agent.connection._stream.aclose()

    async def violates(agent: Agent) -> None:
        await agent.next("media")
        await agent.connection._stream.send_all(b"\xff\xff garbage")
        await trio.sleep(1)

    for behaviour, code, ended_by in ((vanishes, 31903, "lost"), (violates, 31924, "lost")):
        async with stand_in(behaviour) as server:
            server.connect()
            result = await call(server, Silence(5))
            assert (result.codes, result.ended_by) == ([code], ended_by)
            assert str(code) in [form.get("StreamError") for _, form, _ in server.posts]


async def test_an_agent_that_breaks_the_schema_is_warned_about_once() -> None:
    async def sloppy(agent: Agent) -> None:
        await agent.next("start")
        for _ in range(3):
            await agent.connection.send_message('{"event":"clear"}')
        await agent.connection.send_message(b"\x00\x01")
        await agent.speak(0.1, "fine")
        await listener(agent)

    async with stand_in(sloppy) as server:
        server.connect()
        result = await call(server, Silence(0.5), HangUp())
    assert result.codes == [31951, 31950]
    assert [name for _, name in result.marks] == ["fine"]


def test_an_agent_that_does_not_read_loses_the_callers_audio() -> None:
    class Stuck:
        """A socket whose kernel buffers are full."""

        async def send(self, message: bytes) -> None:
            await trio.sleep_forever()

        async def receive(self) -> str:
            await trio.sleep_forever()
            raise AssertionError

        async def close(self) -> None:
            await trio.sleep_forever()

    async def scene() -> CallResult:
        log = CallLog("CA1")
        handset = Handset(log, [Silence(8.0), Press("1"), HangUp()], seed=1)
        line = Line(1, agent=log.agent)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(handset.run)
            ended = await LiveStream(log, line, handset, Stuck(), handset.hung_up).run({})  # type: ignore[arg-type]
            assert ended is None
        return log.result()

    result = play(scene)
    assert result.codes == [31930]
    assert result.duration_s == pytest.approx(8 + 0.2 + 3, abs=0.1)


def test_a_stream_can_be_cut_at_any_step() -> None:
    class Memory:
        """An agent that says two words and takes the rest as it comes."""

        def __init__(self, line: Line) -> None:
            writer = Writer(line.stream_sid)
            self.says = [writer.media(sounds.voice(0.1)), writer.mark("m"), writer.clear]
            self.heard: list[str] = []

        async def send(self, message: bytes) -> None:
            await trio.lowlevel.checkpoint()
            self.heard.append(msgspec.json.decode(message)["event"])

        async def receive(self) -> str:
            await trio.sleep(0.03 if self.says else math.inf)
            return self.says.pop(0).decode()

        async def close(self) -> None:
            await trio.lowlevel.checkpoint()

    async def scene(scope: trio.CancelScope) -> tuple[CallResult, list[str]]:
        log = CallLog("CA1")
        handset, line = Handset(log, [Silence(0.2), HangUp()], seed=1), Line(1, agent=log.agent)
        memory = Memory(line)
        with scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(handset.run)
                await LiveStream(log, line, handset, memory, handset.hung_up).run({})  # type: ignore[arg-type]
        return log.result(), memory.heard

    def holds(outcome: tuple[CallResult, list[str]]) -> None:
        result, heard = outcome
        assert heard[:2] == ["connected", "start"][: len(heard)]
        assert all(end <= result.duration_s + 1e-6 for _, end in result.agent_speech)

    assert cancel_everywhere(scene, check=holds).runs > 50


async def test_this_end_can_stop_reading() -> None:
    async def floods(agent: Agent) -> None:
        await agent.next("start")
        while True:
            await agent.speak(20)

    async with stand_in(floods) as server:
        server.connect()
        result = await call(server, Silence(0.5), HangUp(), network=Network(stops_reading_after_s=0.0))
    assert result.messages == {}
    assert result.agent_speech == []


async def test_a_refused_handshake_and_an_unsolicited_subprotocol_are_31920() -> None:
    async with stand_in(listener) as server:
        server.connect()
        server.accept = {"subprotocol": "audio.twilio.com"}
        offered = await call(server, HangUp(), network=Network(subprotocols=("audio.twilio.com",)))
        assert (offered.ended_by, offered.codes) == ("caller", [])
        server.accept = {"extra_headers": [(b"Sec-WebSocket-Protocol", b"audio.twilio.com")]}
        unsolicited = await call(server, HangUp())
        assert (unsolicited.ended_by, unsolicited.codes) == ("refused", [31920])

    async def reject(request: WebSocketRequest) -> None:
        await request.reject(403, body=b"no")

    async with trio.open_nursery() as nursery:
        ws = await nursery.start(partial(serve_websocket, reject, "127.0.0.1", 0, ssl_context=None))
        refused = await place_call(f"ws://127.0.0.1:{ws.port}/ws/twilio-media", [HangUp()])
        nursery.cancel_scope.cancel()
    assert (refused.ended_by, refused.codes) == ("refused", [31920])
    assert "403" in refused.warnings[0].why


async def test_a_websocket_url_is_dialled_directly_without_its_query() -> None:
    async with stand_in(listener) as server:
        network = Network(parameters={"token": "t"}, auth_token=TOKEN)
        result = await place_call(f"{server.ws}/ws/twilio-media?secret=1", [Silence(0.1), HangUp()], network=network)
        agent = server.agents[0]
    assert result.webhooks == []
    assert agent.request.path == "/ws/twilio-media"
    assert agent.seen[1]["start"]["customParameters"] == {"token": "t"}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ((200, "text/plain", b"<Response/>"), 12300),
        ((200, "application/json", b"{}"), 12300),
        ((200, "text/xml", b"<Response>"), 12100),
        ((204, "text/xml", b""), 12100),
        ((500, "text/xml", b""), 11200),
        ((200, "text/xml", b"<Response>" + b" " * 65536 + b"</Response>"), 11750),
        ((200, "text/xml", b'<Response><Connect><Stream url="https://x/y"/></Connect></Response>'), 12200),
    ],
)
async def test_bad_twiml_is_the_error_that_twilio_shows(document: tuple[int, str, bytes], code: int) -> None:
    async with stand_in(listener) as server:
        server.documents["/webhook/incoming_call"] = document
        result = await call(server, HangUp())
    assert (result.ended_by, result.codes, result.streams) == ("refused", [code], 0)


async def test_nobody_there_is_11205_and_a_bad_url_is_a_clear_error() -> None:
    result = await place_call("http://127.0.0.1:1/webhook/incoming_call", [HangUp()])
    assert (result.ended_by, result.codes) == ("refused", [11205])
    with pytest.raises(ConfigError, match="--to"):
        await place_call("localhost:8080", [HangUp()])


async def test_callbacks_can_come_in_reverse_and_the_number_hears_the_end() -> None:
    async with stand_in(listener) as server:
        server.connect()
        network = Network(callbacks=Callbacks.REVERSED, call_status_url=f"{server.web}/webhook/call_status")
        await call(server, Silence(0.2), HangUp(), network=network)
        posts = [(p, f.get("StreamEvent") or f["CallStatus"]) for p, f, _ in server.posts]
    assert posts == [
        ("/webhook/incoming_call", "ringing"),
        ("/webhook/stream_ended", "completed"),
        ("/webhook/call_status", "completed"),
        ("/webhook/stream_status", "stream-stopped"),
        ("/webhook/stream_status", "stream-started"),
    ]


async def test_the_rest_api_replaces_what_runs_or_ends_the_call() -> None:
    redirect = "<Response><Redirect>/webhook/again</Redirect></Response>"
    for update, ended_by, verbs in (
        (redirect, "twiml", ["Connect", "Redirect", "Dial"]),
        ("completed", "rest", ["Connect"]),
    ):
        tell, updates = trio.open_memory_channel[str](1)

        async def transfers(agent: Agent, tell: trio.MemorySendChannel[str] = tell, update: str = update) -> None:
            await agent.frames(3)
            tell.send_nowait(update)
            await listener(agent)

        async with stand_in(transfers) as server:
            server.connect()
            server.xml("/webhook/again", b"<Response><Dial>+972500000000</Dial></Response>")
            result = await call(server, Silence(10), network=Network(updates=updates))
            assert server.agents[0].events()[-1] == "stop"
        assert (result.ended_by, result.verbs, result.codes) == (ended_by, verbs, [])
        assert ("/webhook/stream_ended" in server.paths()) == (ended_by == "rest")


async def test_twiml_that_redirects_for_ever_is_stopped() -> None:
    async with stand_in(listener) as server:
        server.xml("/webhook/incoming_call", b"<Response><Redirect>/webhook/incoming_call</Redirect></Response>")
        result = await call(server, HangUp())
    assert (result.ended_by, result.codes) == ("refused", [11200])
    assert len(server.posts) == 21


async def test_a_caller_with_no_end_hangs_up_at_the_limit() -> None:
    async with stand_in(listener) as server:
        server.connect()
        result = await call(server, Silence(0.1), network=Network(limit_s=0.4))
    assert result.ended_by == "limit"
    assert result.duration_s >= 0.4
