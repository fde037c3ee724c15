"""One stage of a chain over real sockets: the first engine meets trouble, the second one takes over, the first is back.

"a" is the client under test; "b" is OpenAI's client at a fake that works, and what it gives can be told from what "a"
gives. A tape keeps events and deliveries in their order: that is what is judged, not the clock.
"""

from __future__ import annotations

import json
import math
import socket
from array import array
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
import trio
from agentd_openai.access import Access
from agentd_openai.chat import OpenAILLM
from agentd_openai.client import Client
from agentd_openai.fake_server import Answer, FakeOpenAI, Request, sse, stream, words
from agentd_openai.speak import OpenAITTS
from agentd_openai.transcribe import OpenAISTT

from agentd.engines import LLM, STT, TTS, AudioFormat, Heard, Message, Prompt, Voice
from agentd.events import AsrErr, EngineSwitch, Event, LlmErr, TtsErr
from agentd.resilience import fallback_stt
from agentd.resilience.attempt import Named
from agentd.resilience.budgets import LLM_HARD_S
from agentd.resilience.chains import Chains
from agentd.testing.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.stage import PLAYBOOK

Where = Literal["stt", "llm", "tts"]
Case = tuple[Where, str]
STAGES: tuple[Where, ...] = ("stt", "llm", "tts")

GUARD_S = 3 * LLM_HARD_S  # against a test that hangs, and for nothing else
SLOW_S = 5.0  # to the first result: over every patience with one engine
FAIL_BACK_S = 2.0  # in place of 20 s, which virtual time has shown; gRPC waits up to 5 s before it connects again

ALPHA, BRAVO = "alpha", "bravo"  # what is said by "a", and by "b"
LEVEL = {ALPHA: 3000, BRAVO: 6000}  # of their audio
PHRASE = "We have a table at the window at eight."
S_PER_CHAR = 0.02  # a third of what speech takes, and over the least that is believed
PHRASE_S = S_PER_CHAR * len(PHRASE)
PROMPT = Prompt("call", PLAYBOOK, "You take calls.", (Message("caller", "A table for two."),))
VOICE = Voice("en-US")
PATHS: dict[Where, str] = {"stt": "audio/transcriptions", "llm": "chat/completions", "tts": "audio/speech"}


def reply_of(name: str) -> list[str]:
    return [f"The {name} of ", "tables is here. ", "At what ", "time will ", f"the {name} come?"]


def pcm_of(name: str, seconds: float) -> bytes:
    """A square wave of 400 Hz, at OpenAI's 24 kHz."""
    half = [LEVEL[name]] * 30
    return array("h", [*half, *(-sample for sample in half)] * round(400 * seconds)).tobytes()


def said_by(pcm: bytes) -> str:
    return "b" if {abs(sample) for sample in array("h", pcm)} == {LEVEL[BRAVO]} else "a"


def healthy(where: Where, name: str) -> Answer | Callable[[Request], Answer]:
    match where:
        case "llm":
            return stream(sse(*words(*reply_of(name))))
        case "tts":
            return lambda request: Answer([pcm_of(name, S_PER_CHAR * len(request.json["input"]))], kind="audio/pcm")
        case "stt":
            return Answer([json.dumps({"text": f"I want {name} for two"}).encode()])


class Place:
    """A base URL of its own at a shared fake, so that one server can be well and ill at once."""

    def __init__(self, server: FakeOpenAI, name: str, url: str = "") -> None:
        self._server, self._name = server, name
        self.client = Client(Access(f"{url or server.url}/{name}", "k"))

    def answers(self, where: Where, answer: Answer | Callable[[Request], Answer]) -> None:
        self._server.answers[f"/{self._name}/{PATHS[where]}"] = answer

    def engines(self) -> tuple[STT, LLM, TTS]:
        return OpenAISTT(self.client), OpenAILLM(self.client), OpenAITTS(self.client)

    @property
    def requests(self) -> list[Request]:
        return [request for request in self._server.requests if f"/{self._name}/" in request.path]


def spare(server: FakeOpenAI) -> Place:
    """Where "b" is, which always works."""
    place = Place(server, BRAVO)
    for where in STAGES:
        place.answers(where, healthy(where, BRAVO))
    return place


def chains(where: Where, first: Named[Any], b: Place) -> Chains:
    """`first` before "b" in one stage; the other stages, which nobody asks, are scripted."""
    one = dict(zip(STAGES, b.engines(), strict=True))[where]
    chain: dict[str, list[Named[Any]]] = {
        "stt": [Named("s", ScriptedSTT())],
        "llm": [Named("s", ScriptedLLM())],
        "tts": [Named("s", ScriptedTTS())],
    }
    chain[where] = [first, Named("b", one)]
    return Chains(chain["stt"], chain["llm"], chain["tts"])


class Door:
    """A port where nobody listens, until it is opened; then the way to a server, until it is shut."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._socket = _bound(0)
        self.port: int = self._socket.getsockname()[1]
        self._scope: trio.CancelScope | None = None

    async def __aenter__(self) -> Door:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    def open(self, nursery: trio.Nursery) -> None:
        if self._scope is None:
            self._scope = trio.CancelScope()
            self._socket.listen()
            nursery.start_soon(self._serve, self._socket, self._scope)

    def shut(self) -> None:
        """Whoever is inside is cut off, and whoever comes is refused."""
        if self._scope is not None:
            self._scope.cancel(reason="the door is shut")
            self._scope = None
            self._socket.close()
            self._socket = _bound(self.port)

    async def _serve(self, listener: trio.socket.SocketType, scope: trio.CancelScope) -> None:
        with scope:
            await trio.serve_listeners(self._through, [trio.SocketListener(listener)])

    async def _through(self, outside: trio.SocketStream) -> None:
        inside = await trio.open_tcp_stream("127.0.0.1", self._to)
        async with outside, inside, trio.open_nursery() as nursery:
            for source, sink in ((outside, inside), (inside, outside)):
                nursery.start_soon(_copy, source, sink, nursery.cancel_scope)


def _bound(port: int) -> trio.socket.SocketType:
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    plain.bind(("127.0.0.1", port))
    return trio.socket.from_stdlib_socket(plain)


async def _copy(source: trio.SocketStream, sink: trio.SocketStream, both: trio.CancelScope) -> None:
    try:
        async for piece in source:
            await sink.send_all(piece)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # a peer has gone
    both.cancel(reason="one side is closed")


class Tape:
    """Events, and (who, seconds of audio or text) of what was delivered, in order. `phase`: where trouble ended."""

    def __init__(self) -> None:
        self.all: list[Event | tuple[str, object]] = []
        self.news = trio.lowlevel.ParkingLot()
        self.healed_at = 0
        self.took_s = 0.0  # the trouble, until the second engine's last word

    def note(self, entry: Event | tuple[str, object]) -> None:
        self.all.append(entry)
        self.news.unpark_all()

    def healed(self) -> None:
        self.healed_at = len(self.all)

    def given(self, since: int = 0, until: int | None = None) -> list[str]:
        """Who delivered, piece by piece."""
        return [entry[0] for entry in self.all[since:until] if isinstance(entry, tuple)]

    @property
    def switches(self) -> list[tuple[str, str]]:
        return [(e.old, e.new) for e in self.all if isinstance(e, EngineSwitch)]

    def judge(self, *, beside: bool = False) -> None:
        """What holds for every trouble: it is told, the switch comes before what the second engine gives, that is
        delivered, and when the first one works again it is back, with an event before its first word. `beside`: it was
        the words of a second opinion that proved the first engine wrong, so they come before the switch."""
        trouble, after = self.all[: self.healed_at], self.all[self.healed_at :]
        assert any(isinstance(e, LlmErr | TtsErr | AsrErr) for e in trouble), trouble
        assert self.given(0, self.healed_at).count("b") > 0, trouble
        assert self.given(0, self.healed_at)[-1] == "b", trouble
        assert self.switches == [("a", "b"), ("b", "a")], self.all
        first_of_b = next(n for n, e in enumerate(trouble) if isinstance(e, tuple) and e[0] == "b")
        assert beside is not any(isinstance(e, EngineSwitch) for e in trouble[:first_of_b]), trouble
        there_and_back = next(n for n, e in enumerate(after) if isinstance(e, EngineSwitch))
        assert "a" not in [e[0] for e in after[:there_and_back] if isinstance(e, tuple)], after
        assert self.given()[-1] == "a", after


async def course(where: Where, chains: Chains, heal: Callable[[], None], utterance: bytes = b"") -> Tape:
    """Trouble, `heal`, and again."""
    tape = Tape()
    stt, llm, tts = chains.for_call(tape.note)
    began = trio.current_time()
    with trio.fail_after(GUARD_S):
        if where == "stt":
            await _listen(stt, heal, tape, utterance)
            return tape
        await (_reply(llm, tape) if where == "llm" else _speak(tts, tape))
        tape.took_s = trio.current_time() - began
        tape.healed()
        heal()
        while "a" not in tape.given(tape.healed_at):
            await (_reply(llm, tape) if where == "llm" else _speak(tts, tape))
            await trio.sleep(0.2)  # a channel of gRPC's that was refused waits as long before it tries again
    return tape


async def _reply(llm: LLM, tape: Tape) -> None:
    async with llm.reply(PROMPT) as items:
        async for item in items:
            text = getattr(item, "text", "")
            tape.note(("b" if BRAVO in text else "a", text))


async def _speak(tts: TTS, tape: Tape) -> None:
    """What the second voice says is the whole phrase, whatever the first one said of it."""
    bravo_s = 0.0
    async with tts.speak(PHRASE, VOICE) as chunks:
        async for chunk in chunks:
            seconds = len(chunk.pcm) / 2 / chunk.rate_hz
            name = said_by(chunk.pcm)
            bravo_s += seconds if name == "b" else 0.0
            tape.note((name, seconds))
    assert bravo_s == 0 or math.isclose(bravo_s, PHRASE_S, abs_tol=0.01), bravo_s


async def _listen(stt: STT, heal: Callable[[], None], tape: Tape, utterance: bytes) -> None:
    """A caller who speaks in trouble, again when the first engine should have its next chance, and then until it has
    heard them."""
    line = _Line(utterance)

    async def until(holds: Callable[[], bool], within_s: float = GUARD_S / 2) -> None:
        with trio.move_on_after(within_s):
            while not holds():
                await tape.news.park()

    async def talk() -> None:
        began = trio.current_time()
        await line.say()
        await until(lambda: "b" in tape.given() and bool(tape.switches))
        tape.took_s = trio.current_time() - began
        tape.healed()
        heal()
        await trio.sleep(1.25 * FAIL_BACK_S)
        while "a" not in tape.given(tape.healed_at):
            heard = len(tape.given())
            await line.say()
            await until(lambda heard=heard: len(tape.given()) > heard, 3.0)  # type: ignore[misc]
            await trio.sleep(0.6)
        nursery.cancel_scope.cancel(reason="the caller has hung up")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.run)
        nursery.start_soon(talk)
        async with stt.listen(line.audio, AudioFormat(), "en-US") as transcripts:
            async for t in transcripts:
                tape.note(("b" if BRAVO in t.text else "a", t.text))


class _Line:
    """100 ms of the caller every 100 ms: silence, or what they say."""

    def __init__(self, utterance: bytes) -> None:
        self._into, self.audio = trio.open_memory_channel[Heard](100)
        self._utterance, self._left, self._said = utterance, b"", trio.Event()

    async def say(self) -> None:
        self._left, self._said = self._utterance, trio.Event()
        await self._said.wait()

    async def run(self) -> None:
        until_ms, begun, spoke = 0, trio.current_time(), False
        while True:
            until_ms += 100
            await trio.sleep_until(begun + until_ms / 1000)
            piece, self._left = self._left[:1600], self._left[1600:]
            pause, spoke = spoke and not piece, bool(piece)
            await self._into.send(Heard(piece.ljust(1600, b"\0"), until_ms, bool(piece), pause))
            if pause:
                self._said.set()


Result = Tape | BaseException


async def all_at_once(cases: Iterable[Case], play: Callable[[Where, str], Awaitable[Tape]]) -> dict[Case, Result]:
    """What came of every case: they are independent, and most of each is waiting. An error is raised again by the test
    of its case (`tape_of`)."""
    results: dict[Case, Result] = {}

    async def case(where: Where, kind: str) -> None:
        try:
            results[where, kind] = await play(where, kind)
        except (Exception, BaseExceptionGroup) as error:  # boundary
            results[where, kind] = error

    async with trio.open_nursery() as nursery:
        for where, kind in cases:
            nursery.start_soon(case, where, kind)
    return results


def tape_of(result: Result) -> Tape:
    if isinstance(result, BaseException):
        raise result
    return result


@contextmanager
def shortened() -> Iterator[None]:
    """No proxy of the machine's stands between, and a recogniser's way back is short."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        patch.setattr(fallback_stt, "STT_FAIL_BACK_S", FAIL_BACK_S)
        yield
