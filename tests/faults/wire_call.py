"""One whole call over real sockets: every engine a real client at a fake, Twilio in memory, real time; and what holds
for every call, whatever went wrong in it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
import trio
from agentd_google.testing import tones
from agentd_openai.fake_server import Answer, FakeOpenAI, Misdeed, stream

from agentd.audio.mulaw import decode
from agentd.engines import LLM, STT, TTS
from agentd.events import EngineSwitch, Turn, WsDone
from agentd.resilience.attempt import Named
from agentd.resilience.chains import Chains
from agentd.testing.sounds import voice
from agentd.testing.stage import Stage, stage
from tests.faults.wire import (
    ALPHA,
    BRAVO,
    FAIL_BACK_S,
    GUARD_S,
    PATHS,
    STAGES,
    Case,
    Place,
    Where,
    healthy,
    pcm_of,
    spare,
)

QUESTION = decode(voice(1.2))
IN_TONES = [tones(f"w{n} w{n + 5} w{n + 10} w{n + 3}") for n in range(5)]
ILL = (True, False, True, False, True)  # the first, the middle and the last turn; between them all is well
# A reply that ends too early without an error looks whole.
LOOKS_WHOLE = {("llm", "cut")}
HANG_UPS: dict[Where, Answer] = {
    "stt": Answer(after_s=math.inf),
    "llm": stream(Misdeed.STALL),
    "tts": Answer([pcm_of(ALPHA, 1.0), Misdeed.STALL], kind="audio/pcm"),
}
MOST_QUESTIONS = 6  # a recogniser is tried again between utterances, 2 s after it failed, then after 4
Ill = Callable[[bool], None]


def _first_again(s: Stage) -> bool:
    """The first engines are at work, as far as events and the last words tell."""
    last = {e.stage: e.new for e in s.events(EngineSwitch)}
    return "b" not in last.values() and BRAVO not in s.said()[-1]


class Play:
    """One call's chains, "a" before "b" in every stage, at a place of its own."""

    def __init__(
        self, server: FakeOpenAI, name: str, *, stt: STT | None = None, llm: LLM | None = None, tts: TTS | None = None
    ) -> None:
        """The engines that are given take the place of OpenAI's own."""
        self.place = Place(server, name)
        for where in STAGES:
            self.place.answers(where, healthy(where, ALPHA))
        (stt_a, llm_a, tts_a), (stt_b, llm_b, tts_b) = self.place.engines(), spare(server).engines()
        self.chains = Chains(
            [Named("a", stt or stt_a), Named("b", stt_b)],
            [Named("a", llm or llm_a), Named("b", llm_b)],
            [Named("a", tts or tts_a), Named("b", tts_b)],
        )
        self.answered: list[bool] = []

    async def questions(self, ill: Ill, *, in_tones: bool = False) -> Stage:
        """`ill(True)` before the question of a turn in trouble, `ill(False)` after it; when all is well, questions
        until the first engine is at work again."""
        async with stage(engines=self.chains, step_ms=100) as s:
            await s.caller.silence(0.5)
            for n, trouble in enumerate(ILL):
                ill(trouble)
                for _ in range(MOST_QUESTIONS):
                    self.answered.append(await self._ask(s, IN_TONES[n] if in_tones else QUESTION))
                    if trouble or _first_again(s):
                        break
                    await s.caller.silence(FAIL_BACK_S)
                ill(False)
        return s

    async def _ask(self, s: Stage, question: bytes) -> bool:
        """Speak once, and wait until a reply was heard to its end."""

        def replies() -> int:
            return sum(turn.kind == "reply" for turn in s.events(Turn))

        before = replies()
        await s.caller.says(question)
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


Called = tuple[Play, Stage]
Calls = dict[Case, Called | BaseException]


async def all_calls(cases: list[Case], play: Callable[[Where, str], Awaitable[Called]]) -> Calls:
    """Every case, all at once: most of each call is waiting. An error is told by `hold`."""
    played: Calls = {}

    async def call(where: Where, kind: str) -> None:
        try:
            played[where, kind] = await play(where, kind)
        except (Exception, BaseExceptionGroup) as error:  # boundary
            played[where, kind] = error

    with trio.fail_after(10 * GUARD_S):
        async with trio.open_nursery() as nursery:
            for case in cases:
                nursery.start_soon(call, *case)
    return played


def hold(played: Calls, subtests: pytest.Subtests) -> None:
    """Each call is whole, every question in it was answered, the stage in trouble changed engines with an event, there
    and back, and both of its engines did their work. (Other stages may change too: on a busy machine a fake can be
    late.)"""
    for (where, kind), called in played.items():
        with subtests.test(where=where, kind=kind):
            if isinstance(called, BaseException):
                raise called
            play, s = called
            assert s.record is not None
            assert (s.record.reason, s.record.crash) == ("stop", None)
            assert len(s.events(WsDone)) == 1
            assert s.twilio.warnings == []
            assert all(play.answered), s.answered()
            switches = [(e.old, e.new) for e in s.events(EngineSwitch) if e.stage == where]
            assert all(before[1] == after[0] for before, after in pairwise(switches)), switches
            if (where, kind) not in LOOKS_WHOLE:
                assert switches[:2] == [("a", "b"), ("b", "a")], switches
            if where == "stt":
                assert any(BRAVO not in text for text in s.said()), s.said()
                assert any(BRAVO in text for text in s.said()), s.said()
            elif where == "llm":
                assert any(ALPHA in text for text in s.answered()), s.answered()
                assert any(BRAVO in text for text in s.answered()) or kind == "cut", s.answered()
