"""Every stage x fault with OpenAI's real client against a faulty fake, in real time; all cases at once, in one run."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from functools import partial

import pytest
import trio
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, fake_openai, refusal, sse, stream, words

from agentd.engines import AudioFormat, Heard
from agentd.resilience.attempt import Named
from agentd.resilience.breaker import Breaker, BreakerRules
from agentd.resilience.chains import Chains
from tests.faults.wire import (
    ALPHA,
    GUARD_S,
    PHRASE,
    PROMPT,
    SLOW_S,
    STAGES,
    VOICE,
    Case,
    Door,
    Place,
    Result,
    Tape,
    Where,
    all_at_once,
    chains,
    course,
    healthy,
    pcm_of,
    reply_of,
    said_by,
    shortened,
    spare,
    tape_of,
)

UTTERANCE = array("h", (round(6000 * math.sin(n / 3)) for n in range(8 * 1000))).tobytes()
GARBAGE = b"\xff\xfe\x00{{<|im_end|>" * 40

BEGUN = sse(*words(*reply_of(ALPHA))[:3], done=False)  # its first sentence, and no more

FAULTS: dict[str, dict[Where, Answer]] = {
    "denied": {where: refusal(401, "invalid_api_key") for where in STAGES},
    "broken": {where: refusal(503) for where in STAGES},
    "slow": {
        "llm": stream(SLOW_S, sse(*words(*reply_of(ALPHA)))),
        "tts": Answer([pcm_of(ALPHA, 2.0)], kind="audio/pcm", after_s=SLOW_S),
        "stt": Answer([b'{"text": "late"}'], after_s=SLOW_S),
    },
    "stall": {
        "llm": stream(BEGUN, Misdeed.STALL),
        "tts": Answer([pcm_of(ALPHA, 0.7), Misdeed.STALL], kind="audio/pcm"),
        "stt": Answer([b'{"te', Misdeed.STALL]),
    },
    "cut": {
        "llm": stream(BEGUN, Misdeed.CUT),
        "tts": Answer([pcm_of(ALPHA, 0.7), 0.2, Misdeed.CUT], kind="audio/pcm"),
        "stt": Answer([b'{"te', Misdeed.CUT]),
    },
    "garbage": {
        "llm": stream(sse("{{{", done=False)),
        "tts": Answer([GARBAGE], kind="text/html"),
        "stt": Answer([GARBAGE]),
    },
    "empty": {
        "llm": stream(sse(*words())),
        "tts": Answer([], kind="audio/pcm"),
        "stt": Answer([b'{"text": ""}']),
    },
}
KINDS = ("connect", *FAULTS)
BESIDE = {("stt", "slow"), ("stt", "stall"), ("stt", "empty")}  # nothing failed: only another's words show it


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with shortened(), fake_openai() as server:
        yield server


@pytest.fixture(scope="module")
def played(server: FakeOpenAI) -> dict[Case, Result]:
    return trio.run(all_at_once, [(where, kind) for where in STAGES for kind in KINDS], partial(_case, server))


async def _case(server: FakeOpenAI, where: Where, kind: str) -> Tape:
    name, port = f"{where}-{kind}", int(server.url.rpartition(":")[2].partition("/")[0])
    async with Door(port) as door, trio.open_nursery() as nursery:
        url = f"http://127.0.0.1:{door.port}/v1" if kind == "connect" else ""
        place = Place(server, name, url)
        place.answers(where, healthy(where, ALPHA) if kind == "connect" else FAULTS[kind][where])

        def heal() -> None:
            place.answers(where, healthy(where, ALPHA))
            if kind == "connect":
                door.open(nursery)

        first = dict(zip(STAGES, place.engines(), strict=True))[where]
        tape = await course(where, chains(where, Named("a", first), spare(server)), heal, UTTERANCE)
        nursery.cancel_scope.cancel(reason="the case is played")
    return tape


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", STAGES)
def test_the_second_engine_answers_and_the_first_is_back_when_its_server_is(
    played: dict[Case, Result], where: Where, kind: str
) -> None:
    tape = tape_of(played[where, kind])
    tape.judge(beside=(where, kind) in BESIDE)
    assert tape.took_s < GUARD_S


async def test_a_breaker_spares_a_server_that_fails_until_its_pause_is_over(server: FakeOpenAI) -> None:
    place = Place(server, "resting")
    named = Named("a", place.engines()[2], Breaker(BreakerRules(failures=2, open_s=1.0)))
    tape = Tape()
    _, _, tts = chains("tts", named, spare(server)).for_call(tape.note)

    async def speak() -> str:
        with trio.fail_after(GUARD_S):
            async with tts.speak(PHRASE, VOICE) as chunks:
                return {said_by(chunk.pcm) async for chunk in chunks}.pop()

    place.answers("tts", refusal(503))
    assert [await speak() for _ in range(2)] == ["b", "b"]
    place.answers("tts", healthy("tts", ALPHA))
    rested = trio.current_time()
    while await speak() == "b":
        assert len(place.requests) == 2
    assert len(place.requests) == 3
    assert trio.current_time() - rested < GUARD_S
    assert tape.switches == [("a", "b"), ("b", "a")]


WAITS: dict[str, dict[Where, Answer]] = {
    "before the answer": {where: Answer(after_s=math.inf) for where in STAGES},
    "before its first byte": {where: Answer([Misdeed.STALL], kind="audio/pcm") for where in STAGES},
    "in the middle of it": {
        "llm": stream(*([*sse(*words("Yes, ", finish=""), done=False), 0.01] * 300), Misdeed.STALL),
        "tts": Answer([pcm_of(ALPHA, 0.03), 0.01] * 300, kind="audio/pcm"),
        "stt": Answer([b" ", 0.01] * 300),
    },
}
INSTANTS_MS = (0, 1, 2, 4, 8, 15, 30, 60, 120, 240)


@pytest.mark.parametrize("when", WAITS)
async def test_a_hang_up_at_any_instant_closes_the_connection(server: FakeOpenAI, when: str) -> None:
    took_ms: dict[str, list[float]] = {where: [] for where in STAGES}
    places: list[Place] = []

    async def hang_ups(where: Where) -> None:
        for after_ms in INSTANTS_MS:
            place = Place(server, f"{where}-{when.replace(' ', '-')}-{after_ms}")
            places.append(place)
            place.answers(where, WAITS[when][where])
            first = Named("a", dict(zip(STAGES, place.engines(), strict=True))[where])
            with trio.move_on_after(after_ms / 1000) as call:
                await use(where, chains(where, first, spare(server)))
            if place.requests:
                await all_gone([place])
                took_ms[where].append(round(1000 * (trio.current_time() - call.deadline), 1))

    async with trio.open_nursery() as nursery:
        for where in STAGES:
            nursery.start_soon(hang_ups, where)
    await all_gone(places)
    print(f"{when}: closed after (ms) {took_ms}")
    assert all(took_ms.values()), f"closed after (ms): {took_ms}"


async def use(where: Where, of: Chains) -> None:
    stt, llm, tts = of.for_call(lambda event: None)
    into, audio = trio.open_memory_channel[Heard](100)
    for at in range(0, len(UTTERANCE), 1600):
        into.send_nowait(Heard(UTTERANCE[at : at + 1600], (at + 1600) // 16, True))
    into.send_nowait(Heard(bytes(320), len(UTTERANCE) // 16 + 20, pause=True))
    match where:
        case "llm":
            async with llm.reply(PROMPT) as items:
                async for _ in items:
                    pass
        case "tts":
            async with tts.speak(PHRASE, VOICE) as chunks:
                async for _ in chunks:
                    pass
        case "stt":
            async with stt.listen(audio, AudioFormat(), "en-US") as transcripts:
                async for _ in transcripts:
                    pass


async def all_gone(places: list[Place]) -> None:
    with trio.fail_after(GUARD_S):
        while not all(request.gone.is_set() for place in places for request in place.requests):
            await trio.sleep(0.0005)
