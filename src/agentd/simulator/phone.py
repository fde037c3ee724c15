"""A whole simulated call: the webhook, its TwiML, the stream, the callbacks, and what comes after (TWILIO 3, 5, 10).

`place_call` is the one entry: `agentd call` and `agentd demo` call it, and so may a test, with any agentd at the other
end. What agentd does wrong is never an exception: it is an entry in `CallResult.warnings`, as in Twilio's debugger.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address
from random import Random, SystemRandom
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

import trio

from agentd.errors import ConfigError, PeerError
from agentd.simulator.call_log import CallEvent, CallLog, CallResult
from agentd.simulator.dialler import CLOSED, dial
from agentd.simulator.handset import Handset
from agentd.simulator.line import Line, random_sid
from agentd.simulator.live_stream import LiveStream
from agentd.simulator.script import Step
from agentd.simulator.verbs import Stream, Verb, read_twiml
from agentd.simulator.webhook_client import WebhookClient

_MAX_DOCUMENTS = 20  # TwiML documents in one call: more is a loop of redirects
_CALLBACKS_S = 20.0  # how long the last callbacks may take after the call


class Callbacks(StrEnum):
    """How status callbacks are delivered. Twilio promises neither order nor once."""

    IN_ORDER = "in-order"
    TWICE = "twice"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Network:
    """Twilio and the line between, as this call has them.

    `auth_token`: sign with it; None leaves requests unsigned. `subprotocols`: offered at the handshake (Twilio offers
    none). `call_status_url`: the number's StatusCallback. `parameters`: the stream's, when `to` is a ws(s) URL and no
    TwiML says them. `stops_reading_after_s`: this end's socket is never read again after that. `limit_s`: the caller
    hangs up then. `dial_status`: how a <Dial> ends; `voicemail_s`: how long a message the caller leaves, 0 for none.
    `updates`: what the REST API is told to do with the live call: TwiML, which replaces what runs (the
    stream is stopped, its `action` not asked: assumed), or "completed". `seed` fixes sids and the first timestamp.
    `trust`: for TLS with a private authority.
    """

    caller: str = "+972501234567"
    called: str = "+97237654321"
    auth_token: str | None = None
    account_sid: str = ""
    subprotocols: tuple[str, ...] = ()
    callbacks: Callbacks = Callbacks.IN_ORDER
    call_status_url: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    stops_reading_after_s: float = math.inf
    limit_s: float = 900.0
    dial_status: str = "completed"
    voicemail_s: float = 0.0
    updates: trio.MemoryReceiveChannel[str] | None = None
    seed: int | None = None
    trust: ssl.SSLContext | None = None


async def place_call(
    to: str,
    script: Sequence[Step],
    *,
    network: Network | None = None,
    on_event: Callable[[CallEvent], None] | None = None,
    hang_up: trio.Event | None = None,
) -> CallResult:
    """Call an agentd and play `script` at it, in real time.

    `to`: the incoming-call webhook (http, https) or a media WebSocket (ws, wss). `on_event` is called, synchronously,
    as things happen. `hang_up`: set it to have the caller hang up before the script does. Raises `ConfigError` for a
    URL of another kind. Cancel: the line is cut without a goodbye.
    """
    if urlsplit(to).scheme not in ("http", "https", "ws", "wss") or not urlsplit(to).hostname:
        raise ConfigError("command line", "--to", f"{to!r} is no URL to call", "give http(s)://... or ws(s)://...")
    network = network or Network()
    rng = SystemRandom() if network.seed is None else Random(network.seed)
    log = CallLog(random_sid("CA", rng), on_event)
    async with WebhookClient(log, network.auth_token, network.trust) as client, trio.open_nursery() as nursery:
        handset = Handset(log, script, rng.getrandbits(32), hang_up)
        call = _Call(to, network, log, client, handset, rng)
        nursery.start_soon(call.deliver_callbacks)
        await call.run()
    return log.result()


class _Call:
    def __init__(
        self, to: str, network: Network, log: CallLog, client: WebhookClient, handset: Handset, rng: Random
    ) -> None:
        self._to, self._network, self._log, self._client = to, network, log, client
        self._handset, self._rng = handset, rng
        self._account_sid = network.account_sid or random_sid("AC", rng)
        self._callbacks, self._to_deliver = trio.open_memory_channel[tuple[str, dict[str, str]]](1000)
        self._delivery = trio.CancelScope()
        self._streaming = trio.Event()
        self._leave = trio.Event()
        self._ended_by = "caller"
        self._replacement: list[Stream | Verb] | None = None

    async def run(self) -> None:
        """The call, then the last callbacks."""
        async with trio.open_nursery() as nursery:
            for task in (self._limit, self._play, self._hang_up, self._take_updates):
                nursery.start_soon(task)
            await self._connect()
            nursery.cancel_scope.cancel()
        self._log.emit("line", "call over", self._log.ended_by)
        if self._network.call_status_url:
            fields = {"CallDuration": str(math.ceil(self._log.now())), "SequenceNumber": "3"}
            self._call_back(self._network.call_status_url, self._fields("completed") | fields)
        self._callbacks.close()
        self._delivery.deadline = trio.current_time() + _CALLBACKS_S

    async def _play(self) -> None:
        await self._streaming.wait()
        await self._handset.run()

    async def _limit(self) -> None:
        await trio.sleep(self._network.limit_s)
        self._ended_by = "limit"
        self._handset.hung_up.set()

    async def _hang_up(self) -> None:
        await self._handset.hung_up.wait()
        self._leave.set()

    async def _take_updates(self) -> None:
        if self._network.updates is None:
            return
        async for update in self._network.updates:
            self._log.emit("line", "call updated", update)
            if update == "completed":
                self._ended_by = "rest"
                self._handset.hung_up.set()
            else:
                self._replacement = read_twiml(update.encode(), "text/xml", self._to)
                self._leave.set()

    async def _connect(self) -> None:
        if urlsplit(self._to).scheme in ("ws", "wss"):
            plain = urlsplit(self._to).scheme == "ws"
            await self._stream(Stream(self._to, parameters=dict(self._network.parameters)), plain)
            return
        try:
            verbs = await self._ask(self._to, "ringing")
            for _ in range(_MAX_DOCUMENTS):
                following = await self._follow(verbs)
                if following is None:
                    return
                verbs = following
            raise PeerError("11200", f"more than {_MAX_DOCUMENTS} TwiML documents in one call")
        except PeerError as e:
            self._log.blame(e)
            self._log.ended_by = self._log.ended_by or "refused"

    async def _follow(self, verbs: list[Stream | Verb]) -> list[Stream | Verb] | None:
        """Run one document. The next document, or None when the call is over."""
        for verb in verbs:
            if isinstance(verb, Verb):
                self._log.verbs.append(verb.name)
                self._log.emit("line", f"<{verb.name}>", verb.text)
                match verb.name:
                    case "Redirect":
                        return await self._ask(urljoin(self._to, verb.text), "in-progress")
                    case "Pause":
                        await trio.sleep(float(verb.attributes.get("length", "1")))
                    case "Dial" if action := verb.attributes.get("action"):
                        fields = {"DialCallStatus": self._network.dial_status}
                        return await self._ask(urljoin(self._to, action), "in-progress", fields)
                    case "Record" if self._network.voicemail_s and (action := verb.attributes.get("action")):
                        return await self._leave_message(urljoin(self._to, action), verb)
                    case "Hangup" | "Reject" | "Dial" | "Record" | "Enqueue":
                        self._log.ended_by = "twiml"
                        return None
                continue
            self._log.verbs.append("Connect")
            plain = urlsplit(self._to).scheme == "http" and _is_loopback(urlsplit(verb.url).hostname or "")
            await self._stream(verb, plain)
            if self._replacement is not None:
                following, self._replacement = self._replacement, None
                return following
            over = self._handset.hung_up.is_set()
            if verb.action:
                asked = await self._ask(verb.action, "completed" if over else "in-progress")
                return None if over else asked
            if over:
                return None
        return None

    async def _stream(self, stream: Stream, plain: bool) -> None:
        line = Line(self._rng.getrandbits(32), self._log.call_sid, account_sid=self._account_sid, agent=self._log.agent)
        self._leave = trio.Event()
        if self._handset.hung_up.is_set():
            return
        signature = self._client.signature(stream.url.replace("ws://", "wss://", 1), {})
        try:
            async with dial(
                stream.url,
                plain=plain,
                signature=signature,
                subprotocols=self._network.subprotocols,
                trust=self._network.trust,
            ) as socket:
                self._streaming.set()
                self._log.emit("line", "stream connected", urlsplit(stream.url).path)
                self._stream_event(stream, line, "stream-started")
                live = LiveStream(
                    self._log,
                    line,
                    self._handset,
                    socket,
                    self._leave,
                    stops_reading_after_s=self._network.stops_reading_after_s,
                )
                ended = await live.run(stream.parameters)
        except PeerError as e:
            self._log.blame(e)
            self._log.ended_by = "refused"
            self._stream_event(stream, line, "stream-error", e.code)
            return
        if ended is None:
            self._log.ended_by = self._ended_by
            self._stream_event(stream, line, "stream-stopped")
            return
        self._log.close_code, self._log.close_reason = ended.close_code, ended.reason
        self._log.ended_by = "agent" if ended.code == CLOSED else "lost"
        self._stream_event(stream, line, "stream-stopped" if ended.code == CLOSED else "stream-error", str(ended.code))

    async def _leave_message(self, action: str, verb: Verb) -> list[Stream | Verb]:
        """The caller speaks after the tone; the recording can be fetched a little later."""
        await trio.sleep(self._network.voicemail_s)
        sid, seconds = random_sid("RE", self._rng), str(math.ceil(self._network.voicemail_s))
        url = f"https://api.twilio.com/2010-04-01/Accounts/{self._account_sid}/Recordings/{sid}"
        fields = {"RecordingSid": sid, "RecordingUrl": url, "RecordingDuration": seconds}
        following = await self._ask(action, "in-progress", fields)
        if callback := verb.attributes.get("recordingStatusCallback"):
            told = {"RecordingStatus": "completed", "RecordingSource": "RecordVerb", "RecordingChannels": "1"}
            self._call_back(urljoin(self._to, callback), self._fields("in-progress") | fields | told)
        return following

    async def _ask(self, url: str, status: str, more: Mapping[str, str] = MappingProxyType({})) -> list[Stream | Verb]:
        answer = await self._client.post(url, self._fields(status) | dict(more))
        return read_twiml(answer.body, answer.content_type, url)

    def _fields(self, status: str) -> dict[str, str]:
        """The standard fields of a voice webhook; the geographic ones are empty outside North America."""
        geography = {f"{side}{what}": "" for side in ("Caller", "Called") for what in ("City", "State", "Zip")}
        return geography | {
            "CallSid": self._log.call_sid,
            "AccountSid": self._account_sid,
            "From": self._network.caller,
            "Caller": self._network.caller,
            "To": self._network.called,
            "Called": self._network.called,
            "CallStatus": status,
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
        }

    def _stream_event(self, stream: Stream, line: Line, event: str, error: str = "") -> None:
        if not stream.status_callback:
            return
        fields = {
            "AccountSid": self._account_sid,
            "CallSid": self._log.call_sid,
            "StreamSid": line.stream_sid,
            "StreamName": stream.name or line.stream_sid,
            "StreamEvent": event,
            "Timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        self._call_back(stream.status_callback, fields | ({"StreamError": error} if event == "stream-error" else {}))

    # --- status callbacks, beside the call

    def _call_back(self, url: str, fields: dict[str, str]) -> None:
        self._callbacks.send_nowait((url, fields))

    async def deliver_callbacks(self) -> None:
        """Until `run` is over and everything is delivered, or 20 s later."""
        with self._delivery:
            if self._network.callbacks is Callbacks.REVERSED:
                everything = [callback async for callback in self._to_deliver]
                for url, fields in reversed(everything):
                    await self._deliver(url, fields)
                return
            async for url, fields in self._to_deliver:
                for _ in range(2 if self._network.callbacks is Callbacks.TWICE else 1):
                    await self._deliver(url, fields)

    async def _deliver(self, url: str, fields: dict[str, str]) -> None:
        try:
            await self._client.post(url, fields)
        except PeerError as e:
            self._log.blame(e)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
