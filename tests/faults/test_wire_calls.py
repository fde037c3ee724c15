"""Whole calls in real time, every engine a real client at a fake on a real socket, Twilio in memory: trouble in the
first, the middle or the last turn, and hang-ups. All calls at once, in one run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import trio
from agentd_google.testing import FakeGoogle, Trouble
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, fake_openai, stream

from agentd.audio.mulaw import decode
from agentd.engines import TTS
from agentd.events import EngineSwitch, Turn, WsDone
from agentd.resilience.attempt import Named
from agentd.resilience.chains import Chains
from agentd.testing.sounds import voice
from agentd.testing.stage import Stage, stage
from tests.faults.test_wire_openai import FAULTS
from tests.faults.wire import ALPHA, GUARD_S, PATHS, STAGES, Place, Where, healthy, pcm_of, shortened, spare

QUESTION = decode(voice(1.2))
TURNS = {"first": 0, "middle": 1, "last": 2}
ROWS: list[tuple[str, Where, str]] = [
    ("first", "stt", "broken"), ("middle", "stt", "stall"), ("last", "stt", "cut"),
    ("first", "llm", "stall"), ("middle", "llm", "garbage"), ("last", "llm", "slow"),
    ("first", "tts", "slow"), ("middle", "tts", "cut"), ("last", "tts", "denied"),
]  # fmt: skip
GOOGLES_TROUBLE = {"stall": Trouble(stall_ms=500), "cut": Trouble(cut_ms=500), "garbage": Trouble(garbage_ms=0)}
HANG_UPS: dict[Where, Answer] = {
    "stt": Answer(after_s=math.inf),
    "llm": stream(Misdeed.STALL),
    "tts": Answer([pcm_of(ALPHA, 1.0), Misdeed.STALL], kind="audio/pcm"),
}


class Play:
    """One call's chains, "a" before "b" in every stage, at a place of its own."""

    def __init__(self, server: FakeOpenAI, name: str, tts_a: TTS | None = None) -> None:
        self.place = Place(server, name)
        for where in STAGES:
            self.place.answers(where, healthy(where, ALPHA))
        (stt, llm, tts), (stt_b, llm_b, tts_b) = self.place.engines(), spare(server).engines()
        self.chains = Chains(
            [Named("a", stt), Named("b", stt_b)],
            [Named("a", llm), Named("b", llm_b)],
            [Named("a", tts_a or tts), Named("b", tts_b)],
        )
        self.answered: list[bool] = []

    async def questions(self, ill: Callable[[bool], None], turn: int, of: int = 3) -> Stage:
        """`ill(True)` before the question of that turn, `ill(False)` before and after every other."""
        async with stage(engines=self.chains, step_ms=100) as s:
            await s.caller.silence(0.5)
            for n in range(of):
                ill(n == turn)
                self.answered.append(await self._ask(s))
                ill(False)
        return s

    async def _ask(self, s: Stage) -> bool:
        """Speak once, and wait until a reply was heard to its end."""

        def replies() -> int:
            return sum(turn.kind == "reply" for turn in s.events(Turn))

        before = replies()
        await s.caller.says(QUESTION)
        with trio.move_on_after(GUARD_S):
            while replies() == before:
                await s.caller.silence(0.1)
        await s.caller.silence(0.3)
        return replies() > before

    async def hang_up(self, where: Where) -> tuple[Stage, float]:
        """The caller hangs up while the stage's request is open; seconds until the server has seen it closed."""
        self.place.answers(where, HANG_UPS[where])
        async with stage(engines=self.chains, step_ms=100) as s:
            await s.caller.silence(0.5)
            await s.caller.says(QUESTION)
            with trio.fail_after(GUARD_S):
                while not self._open(where):
                    await s.caller.silence(0.1)
            hung_up = trio.current_time()
        with trio.fail_after(GUARD_S):
            while self._open(where):
                await trio.sleep(0.0005)
        return s, trio.current_time() - hung_up

    def _open(self, where: Where) -> bool:
        """Does the server hold a request of this stage, none of which it answers whole?"""
        return any(r.path.endswith(PATHS[where]) and not r.gone.is_set() for r in self.place.requests)


@dataclass(frozen=True)
class Played:
    calls: dict[str, tuple[Play, Stage]] = field(default_factory=dict)
    hang_ups: dict[str, tuple[Stage, float]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with shortened(), fake_openai() as server:
        yield server


@pytest.fixture(scope="module")
def played(server: FakeOpenAI) -> Played:
    played = Played()

    async def call(turn: str, where: Where, kind: str) -> None:
        play = Play(server, f"{turn}-{where}-{kind}")

        def ill(now: bool) -> None:
            play.place.answers(where, FAULTS[kind][where] if now else healthy(where, ALPHA))

        played.calls[turn + where] = play, await play.questions(ill, TURNS[turn])

    async def with_google(kind: str) -> None:
        async with FakeGoogle.running() as google:
            play = Play(server, f"google-{kind}", google.tts())

            def ill(now: bool) -> None:
                google.trouble = GOOGLES_TROUBLE[kind] if now else Trouble()

            played.calls["google" + kind] = play, await play.questions(ill, TURNS["first"], of=2)

    async def hang_up(where: Where) -> None:
        played.hang_ups[where] = await Play(server, f"hang-up-{where}").hang_up(where)

    async def everything() -> None:
        with trio.fail_after(5 * GUARD_S):
            async with trio.open_nursery() as nursery:
                for row in ROWS:
                    nursery.start_soon(call, *row)
                for kind in GOOGLES_TROUBLE:
                    nursery.start_soon(with_google, kind)
                for where in STAGES:
                    nursery.start_soon(hang_up, where)

    trio.run(everything)
    return played


@pytest.mark.parametrize(("turn", "where", "kind"), ROWS)
def test_every_question_of_a_call_is_answered_once_asked(played: Played, turn: str, where: Where, kind: str) -> None:
    switches = held(*played.calls[turn + where], where)
    if turn == "first":
        assert switches[-1] == ("b", "a")


@pytest.mark.parametrize("kind", GOOGLES_TROUBLE)
def test_openais_voice_speaks_for_googles_until_that_is_back(played: Played, kind: str) -> None:
    assert held(*played.calls["google" + kind], "tts")[-1] == ("b", "a")


def held(play: Play, s: Stage, where: Where) -> list[tuple[str, str]]:
    """What holds for every call. The switches, all of them of the stage in trouble."""
    assert s.record is not None
    assert (s.record.reason, s.record.crash) == ("stop", None)
    assert len(s.events(WsDone)) == 1
    assert s.twilio.warnings == []
    assert all(play.answered), s.answered()
    assert {e.stage for e in s.events(EngineSwitch)} == {where}
    switches = [(e.old, e.new) for e in s.events(EngineSwitch)]
    assert switches[0] == ("a", "b")
    assert all(before[1] == after[0] for before, after in pairwise(switches))
    return switches


def test_a_caller_who_hangs_up_leaves_no_request_open(played: Played) -> None:
    took_ms = {where: round(1000 * seconds, 1) for where, (_, seconds) in played.hang_ups.items()}
    print(f"a call's requests closed after (ms) {took_ms}")
    assert set(took_ms) == set(STAGES)
    for s, _ in played.hang_ups.values():
        assert s.record is not None
        assert (s.record.reason, s.record.crash) == ("stop", None), took_ms
