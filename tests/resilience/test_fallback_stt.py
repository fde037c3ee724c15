"""A recogniser that fails is opened again with the last seconds replayed, and the call hears every word once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
import trio
from trio.abc import ReceiveChannel
from trio.testing import MockClock

from agentd.engines import STT, AudioFormat, Heard, Transcript
from agentd.errors import EngineError
from agentd.events import AsrErr, EngineSwitch, Event
from agentd.resilience.attempt import Named
from agentd.resilience.breaker import Circuit
from agentd.resilience.fallback_stt import FallbackSTT
from agentd.testing.scripted import Fault, ScriptedSTT

PIECE = bytes(1600)  # 100 ms


class Spy:
    """An engine that notes what it is given, does what it is told with it, and says one word a piece."""

    def __init__(self, *, silent: bool = False, deaf: bool = False, die_at_ms: int = 10**9, offsets: bool = True):
        self.silent, self.deaf, self.die_at_ms, self.offsets = silent, deaf, die_at_ms, offsets
        self.sessions: list[list[int]] = []

    @trio.as_safe_channel
    async def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AsyncGenerator[Transcript, None]:
        got: list[int] = []
        self.sessions.append(got)
        if self.deaf:
            await trio.sleep_forever()
        async for heard in audio:
            got.append(heard.until_ms)
            if heard.until_ms >= self.die_at_ms:
                raise EngineError("died")
            if heard.voiced and not self.silent:
                final = heard.until_ms % 1000 == 0
                until_ms = heard.until_ms if self.offsets else None
                yield Transcript(f"w{heard.until_ms}", final, until_ms, heard.until_ms - 100)


class Call:
    """One call on a chain: plays a shape in real time and collects the transcripts."""

    def __init__(self, *engines: STT) -> None:
        self.events: list[Event] = []
        self.chain = [Named(name, e) for name, e in zip("abc", engines, strict=False)]
        self.stt = FallbackSTT(self.chain, self.events.append, jitter=lambda low, high: (low + high) / 2)
        self.got: list[Transcript] = []

    async def play(self, shape: str, from_ms: int = 0) -> None:
        into, audio = trio.open_memory_channel[Heard](30)
        start = trio.current_time()

        async def speak() -> None:
            with into:
                for i, kind in enumerate(shape):
                    await trio.sleep_until(start + (i + 1) * 0.1)
                    into.send_nowait(Heard(PIECE, from_ms + (i + 1) * 100, voiced=kind == "v"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(speak)
            async with self.stt.listen(audio, AudioFormat(), "en-US") as transcripts:
                async for t in transcripts:
                    self.got.append(t)

    @property
    def finals(self) -> list[str]:
        return [t.text for t in self.got if t.final]

    @property
    def errors(self) -> list[str]:
        return [e.error for e in self.events if isinstance(e, AsrErr)]

    @property
    def switches(self) -> list[tuple[str, str]]:
        return [(e.old, e.new) for e in self.events if isinstance(e, EngineSwitch)]


def times(start: int, stop: int) -> Sequence[int]:
    return list(range(start, stop + 100, 100))


async def test_a_working_recogniser_is_left_alone(autojump_clock: MockClock) -> None:
    stt = ScriptedSTT()
    stt.expect("I want a flat")
    call = Call(stt, ScriptedSTT())
    await call.play("vvvvvvvvvvvv......")
    assert call.finals == ["I want a flat"]
    assert call.events == []


@pytest.mark.parametrize(
    ("shape", "die_at_ms", "again_from_ms"),
    [
        ("v" * 43, 3900, 1200),  # 3 s before the piece at hand, 250 ms later
        ("." * 25 + "v" * 35, 5000, 2300),  # voice without final words, from 300 ms before it on
        ("." * 60, 5000, 5000),  # there was no voice: the 300 ms that may be the beginning of one
    ],
)
async def test_after_a_failure_what_has_no_words_yet_is_heard_again_within_500_ms(
    autojump_clock: MockClock, shape: str, die_at_ms: int, again_from_ms: int
) -> None:
    spy = Spy(silent=True, die_at_ms=die_at_ms)
    second = Spy(silent=True)
    call = Call(spy, second)
    await call.play(shape)
    assert spy.sessions[0] == times(100, die_at_ms)
    assert spy.sessions[1][0] == again_from_ms
    assert call.switches == [("a", "b")]
    assert second.sessions[0][-1] == 100 * len(shape)


async def test_what_is_final_is_not_heard_twice(autojump_clock: MockClock) -> None:
    spy = Spy(die_at_ms=3500)
    call = Call(spy, Spy())
    await call.play("v" * 45)
    assert call.finals == ["w1000", "w2000", "w3000", "w4000"]
    assert spy.sessions[1][0] == 3100


async def test_words_older_than_the_replay_are_kept_when_a_session_dies_in_mid_sentence(
    autojump_clock: MockClock,
) -> None:
    class Speaks:
        """Partials that grow from the beginning of what a session hears: one word a second, named by its time."""

        def __init__(self, die_at_ms: int) -> None:
            self.die_at_ms = die_at_ms

        @trio.as_safe_channel
        async def listen(
            self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
        ) -> AsyncGenerator[Transcript, None]:
            words: list[int] = []
            from_ms: int | None = None
            async for heard in audio:
                from_ms = heard.until_ms - 100 if from_ms is None else from_ms
                if heard.until_ms == self.die_at_ms:
                    self.die_at_ms = 0  # once
                    raise EngineError("died")
                if heard.until_ms % 1000 == 0:
                    words.append(heard.until_ms // 1000)
                    yield Transcript(" ".join(map(str, words)), False, heard.until_ms, from_ms)
            yield Transcript(" ".join(map(str, words)), True, heard.until_ms, from_ms or 0)

    late = Call(Speaks(die_at_ms=5500))
    await late.play("v" * 80)
    assert late.finals == ["1 2 3 4 5", "6 7 8"]
    early = Call(Speaks(die_at_ms=2500))
    await early.play("v" * 40)
    assert early.finals == ["1 2 3 4"]


async def test_an_engine_without_offsets_is_taken_to_mean_all_that_it_was_given(autojump_clock: MockClock) -> None:
    spy = Spy(die_at_ms=3500, offsets=False)
    await (call := Call(spy, Spy())).play("v" * 60)
    assert spy.sessions[1][0] == 3100
    assert len(spy.sessions) == 5  # its breaker ends what no offset can show to be in vain
    assert call.finals == ["w1000", "w2000", "w3000", "w4000", "w5000", "w6000"]


@pytest.mark.parametrize("kind", ["connect", "garbage", "empty"])
async def test_an_engine_that_fails_twice_is_replaced(autojump_clock: MockClock, kind: Any) -> None:
    spare = ScriptedSTT()
    spare.expect("yes please")
    call = Call(ScriptedSTT(fail=Fault(kind)), spare)
    await call.play("v" * 90 + "......")
    assert call.finals == ["yes please"]
    assert call.switches == [("a", "b")]
    assert len(call.errors) == 2


async def test_an_engine_that_fails_once_is_kept_and_loses_no_word(autojump_clock: MockClock) -> None:
    stt = ScriptedSTT(fail=Fault("mid", nth=1, after=4))
    stt.expect("I want a flat in Haifa")
    call = Call(stt, ScriptedSTT())
    await call.play("v" * 20 + "......")
    assert call.finals == ["I want a flat in Haifa"]
    assert (call.switches, len(call.errors)) == ([], 1)


async def test_four_seconds_of_voice_without_a_word_is_a_stall(autojump_clock: MockClock) -> None:
    silent = Spy(silent=True)
    call = Call(silent, Spy())
    await call.play(("v" * 13 + "." * 5) * 3 + "v" * 60)
    assert call.errors[0] == "a: voice without a transcript"
    assert silent.sessions[0][-1] == 5500
    assert call.switches == [("a", "b")]
    assert call.got[-1].text == "w11400"


# --- a second opinion


async def test_what_brought_no_words_is_heard_by_the_next_engine_beside_it_and_that_one_has_the_call(
    autojump_clock: MockClock,
) -> None:
    stuck, spare = Spy(silent=True), Spy()
    call = Call(stuck, spare)
    await call.play("....." + "v" * 12 + "." * 20 + "v" * 5)
    assert call.got[0].text == "w1000 w1700"  # a final of the utterance, and what came after it
    assert (call.got[0].final, call.got[0].from_ms, call.got[0].until_ms) == (True, 200, 1700)
    assert spare.sessions[0][:2] == [300, 400]  # 300 ms before the voice
    assert call.errors == ["a: no words where there were some"]
    assert call.switches == [("a", "b")]
    assert [t.text for t in call.got[1:]] == [f"w{ms}" for ms in times(3800, 4200)]
    assert len(stuck.sessions) == 1


async def test_when_no_engine_finds_words_in_it_nothing_is_reconnected_and_nobody_blamed(
    autojump_clock: MockClock,
) -> None:
    first, second = Spy(silent=True), Spy(silent=True)
    call = Call(first, second)
    await call.play("v" * 12 + "." * 40)
    assert (len(first.sessions), len(second.sessions)) == (1, 1)
    assert call.events == []


@pytest.mark.parametrize("cough", [2, 4])
async def test_a_short_cough_reconnects_nothing_and_asks_nobody(autojump_clock: MockClock, cough: int) -> None:
    first, second = Spy(silent=True), Spy()
    call = Call(first, second)
    await call.play(("v" * cough + "." * 20) * 30)
    assert (len(first.sessions), len(second.sessions)) == (1, 0)
    assert call.events == []


async def test_a_recogniser_that_is_only_slow_is_asked_no_more_once_its_words_have_come(
    autojump_clock: MockClock,
) -> None:
    spare = ScriptedSTT(latency_s=3.0)
    call = Call(ScriptedSTT(latency_s=2.5), spare)
    await call.play("v" * 12 + "." * 50)
    assert call.finals == ["word1 word2 word3 word4"]
    assert (spare.starts, spare.live) == (1, 0)
    assert call.events == []


async def test_alone_in_its_chain_an_engine_gives_the_second_opinion_itself(autojump_clock: MockClock) -> None:
    stt = ScriptedSTT(fail=Fault("stall", nth=1))
    call = Call(stt)
    await call.play("v" * 12 + "." * 20 + "v" * 6 + "." * 10)
    assert call.finals == ["word1 word2 word3 word4", "word1 word2"]
    assert call.errors == ["a: no words where there were some"]
    assert stt.starts == 3


async def test_an_opinion_that_fails_changes_nothing(autojump_clock: MockClock) -> None:
    first = Spy(silent=True)
    call = Call(first, ScriptedSTT(fail=Fault("connect")))
    await call.play("v" * 12 + "." * 30)
    assert call.errors == ["scripted: scripted failure at connect"]
    assert (len(first.sessions), call.switches) == (1, [])


async def test_hold_music_does_not_rest_an_engine_for_the_other_calls(autojump_clock: MockClock) -> None:
    call = Call(Spy(silent=True), Spy(silent=True))
    with pytest.RaisesGroup(EngineError):
        await call.play("v" * 1000)
    assert len(call.errors) == 4
    assert [n.breaker.circuit for n in call.chain] == [Circuit.CLOSED, Circuit.CLOSED]


async def test_while_no_engine_finds_words_the_verdicts_come_ever_later(autojump_clock: MockClock) -> None:
    engine = Spy(silent=True)
    call = Call(engine)
    for from_ms in range(0, 400_000, 100_000):
        with pytest.RaisesGroup(EngineError):
            await call.play("v" * 1000, from_ms)
    assert [len(s) for s in engine.sessions[::2]] == pytest.approx([40, 110, 190, 350], abs=2)


async def test_an_engine_that_reads_nothing_is_given_up_and_the_call_is_never_held_back(
    autojump_clock: MockClock,
) -> None:
    call = Call(Spy(deaf=True), Spy())
    await call.play("." * 300 + "v" * 10)
    assert call.errors == ["a: reads no audio"] * 2
    assert call.finals == ["w31000"]


async def test_an_engine_that_does_not_connect_within_two_seconds_is_given_up(autojump_clock: MockClock) -> None:
    class NeverThere:
        def listen(self, audio: Any, fmt: AudioFormat, language: str) -> Any:
            return self

        async def __aenter__(self) -> Any:
            await trio.sleep_forever()

        async def __aexit__(self, *exc: object) -> None:
            raise AssertionError("was never open")

    call = Call(NeverThere(), Spy())
    await call.play("." * 30 + "v" * 30)
    assert call.errors == ["a: no connection in time"] * 2
    assert call.finals == ["w4000", "w5000", "w6000"]


async def test_the_first_engine_is_tried_again_between_two_utterances(autojump_clock: MockClock) -> None:
    first = ScriptedSTT(fail=[Fault("connect", nth=1), Fault("connect", nth=2)])
    call = Call(first, ScriptedSTT())
    await call.play("v" * 10 + "." * 200 + "v" * 10 + "." * 10 + "v" * 10 + "." * 10)
    assert call.switches == [("a", "b"), ("b", "a")]
    assert len(call.finals) == 3


async def test_when_the_chain_is_exhausted_the_error_comes_out_and_listening_again_goes_on(
    autojump_clock: MockClock,
) -> None:
    stt = ScriptedSTT(fail=[Fault("connect", nth=1), Fault("connect", nth=2)])
    stt.expect("still here")
    call = Call(stt)
    with pytest.RaisesGroup(EngineError):
        await call.play("v" * 10)
    await call.play("......", from_ms=1000)
    assert call.finals == ["still here"]


async def test_a_bug_in_the_engine_does_not_reach_the_call(autojump_clock: MockClock) -> None:
    class Bug:
        def listen(self, audio: Any, fmt: AudioFormat, language: str) -> Any:
            raise SystemExit(2)

    call = Call(Bug(), Spy())
    await call.play("v" * 20)
    assert call.errors == ["a: failed with SystemExit"] * 2
    assert call.finals == ["w1000", "w2000"]


async def test_the_end_of_the_audio_ends_it_and_a_cancel_leaves_nothing_open(autojump_clock: MockClock) -> None:
    stt = ScriptedSTT(latency_s=0.3)
    call = Call(stt)
    await call.play("vvvv")
    assert call.finals == ["word1"]
    with trio.move_on_after(0.5):
        await call.play("v" * 100)
    assert stt.live == 0
    assert call.events == []
