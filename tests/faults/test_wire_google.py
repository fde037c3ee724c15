"""Recogniser and voice x fault with Google's real clients (gRPC) against a faulty fake, in real time, all at once.

The second engine is OpenAI's at a fake that works: the chain `google,openai` of the settings' example.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import grpc  # type: ignore[import-untyped]
import pytest
import trio
from agentd_google.testing import FakeGoogle, Trouble, sound
from agentd_openai.fake_server import FakeOpenAI, fake_openai

from agentd.engines import STT, TTS, AudioFormat, Heard
from agentd.resilience.attempt import Named
from tests.faults.wire import (
    GUARD_S,
    PHRASE,
    SLOW_S,
    VOICE,
    Case,
    Door,
    Result,
    Tape,
    Where,
    all_at_once,
    chains,
    course,
    shortened,
    spare,
    tape_of,
)

UTTERANCE = sound("w5 w6 w7")
HALFWAY_MS = 500
STAGES: tuple[Where, ...] = ("stt", "tts")
FAULTS: dict[str, Trouble] = {
    "connect": Trouble(),
    "denied": Trouble(refuse=lambda config: (grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")),
    "broken": Trouble(refuse=lambda config: (grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")),
    "slow": Trouble(slow_s=SLOW_S),
    "stall": Trouble(stall_ms=0),
    "stall halfway": Trouble(stall_ms=HALFWAY_MS),
    "cut": Trouble(cut_ms=HALFWAY_MS),
    "garbage": Trouble(garbage_ms=0),
    "empty": Trouble(end_ms=0, empty=True),
}
BESIDE = {("stt", "slow"), ("stt", "stall"), ("stt", "stall halfway")}  # nothing failed: only another's words show it


@pytest.fixture(scope="module")
def working() -> Iterator[FakeOpenAI]:
    with shortened(), fake_openai() as server:
        yield server


@pytest.fixture(scope="module")
def played(working: FakeOpenAI) -> dict[Case, Result]:
    return trio.run(all_at_once, [(where, kind) for where in STAGES for kind in FAULTS], partial(_case, working))


async def _case(working: FakeOpenAI, where: Where, kind: str) -> Tape:
    async with FakeGoogle.running() as google, trio.open_nursery() as nursery:
        port = int(google.address.rpartition(":")[2])
        async with Door(port) as door:
            if kind == "connect":
                google.address = f"127.0.0.1:{door.port}"
            google.trouble = FAULTS[kind]

            def heal() -> None:
                google.trouble = Trouble()
                if kind == "connect":
                    door.open(nursery)

            first = named(google, where)
            tape = await course(where, chains(where, first, spare(working)), heal, UTTERANCE)
            nursery.cancel_scope.cancel(reason="the case is played")
    return tape


def named(google: FakeGoogle, where: Where) -> Named[STT] | Named[TTS]:
    return Named("a", google.stt()) if where == "stt" else Named("a", google.tts())


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("where", STAGES)
def test_openai_takes_over_from_google_and_google_is_back_when_it_works(
    played: dict[Case, Result], where: Where, kind: str
) -> None:
    tape = tape_of(played[where, kind])
    tape.judge(beside=(where, kind) in BESIDE)
    assert tape.took_s < GUARD_S


INSTANTS_MS = (0, 1, 2, 4, 8, 15, 30, 60, 120, 240)
WAITS = {"talking": Trouble(), "slow": Trouble(slow_s=0.05), "stalled": Trouble(stall_ms=0), "deaf": Trouble(deaf_ms=0)}


@pytest.mark.parametrize("when", WAITS)
async def test_a_hang_up_at_any_instant_closes_googles_stream_through_the_chain(working: FakeOpenAI, when: str) -> None:
    took_ms: list[float] = []
    async with FakeGoogle.running() as google:
        google.trouble = WAITS[when]
        of = chains("stt", named(google, "stt"), spare(working))
        for after_ms in INSTANTS_MS:
            hung_up_s = await hang_up(of.for_call(lambda event: None)[0], after_ms / 1000)
            with trio.fail_after(GUARD_S):
                while google.speech.open:
                    await trio.sleep(0.0005)
            took_ms += [
                round(1000 * (session.closed_s - hung_up_s), 1)
                for session in google.speech.sessions
                if session.closed_s > hung_up_s
            ]
    print(f"{when}: closed after (ms) {took_ms}")
    assert took_ms, "no stream was open at any of the instants"
    known = [session for session in google.speech.sessions if session.language]  # the first message had arrived
    assert {session.ended for session in known} == {"cancelled"}, f"closed after (ms): {took_ms}"


async def hang_up(stt: STT, after_s: float) -> float:
    """A caller who is in the middle of a word then; when that was, by the server's clock."""
    into, audio = trio.open_memory_channel[Heard](100)
    hung_up_s = 0.0

    async def caller() -> None:
        nonlocal hung_up_s
        await trio.sleep(after_s)
        hung_up_s = time.monotonic()
        nursery.cancel_scope.cancel(reason="the caller has hung up")

    for at in range(0, len(UTTERANCE), 1600):
        into.send_nowait(Heard(UTTERANCE[at : at + 1600], (at + 1600) // 16, True))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(caller)
        async with stt.listen(audio, AudioFormat(), "en-US") as transcripts:
            async for _ in transcripts:
                pass
    return hung_up_s


async def test_a_barge_in_stops_googles_voice_through_the_chain(working: FakeOpenAI) -> None:
    async with FakeGoogle.running() as google:
        of = chains("tts", named(google, "tts"), spare(working))
        google.trouble = Trouble(stall_ms=HALFWAY_MS)
        for nth, after_s in enumerate((0.0, 0.02, 0.1), start=1):
            _, _, tts = of.for_call(lambda event: None)
            async with tts.speak(PHRASE, VOICE) as chunks:
                await chunks.receive()
                await trio.sleep(after_s)
            with trio.fail_after(GUARD_S):
                while google.voices.cancelled < nth:
                    await trio.sleep(0.0005)
