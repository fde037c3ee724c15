"""The first engine of a chain that works: what switches, what does not, what is told, and how long it may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from agentd.core.playbook import Playbook
from agentd.engines import LLM, TTS, AudioChunk, Message, Prompt, Token, ToolCall, Voice
from agentd.errors import EngineError
from agentd.events import EngineSwitch, Event, LlmErr, TtsErr
from agentd.resilience.attempt import Named
from agentd.resilience.breaker import Circuit
from agentd.resilience.budgets import LLM_HARD_S, LLM_HEDGE_S
from agentd.resilience.fallback_llm import FallbackLLM
from agentd.resilience.fallback_tts import FallbackTTS
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedTTS

PROMPT = Prompt("CA1", Playbook("t", "en-US", "", ""), "", (Message("caller", "hello"),))
ECHO = "You said: hello. Anything else?"


class Bench:
    """A chain of two models or voices, the events that it emitted, and what came out."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def llm(self, *engines: LLM) -> FallbackLLM:
        self.llms = [Named(name, e) for name, e in zip("abc", engines, strict=False)]
        return FallbackLLM(self.llms, self.events.append, jitter=lambda low, high: high)

    def tts(self, *engines: TTS) -> FallbackTTS:
        self.ttss = [Named(name, e) for name, e in zip("abc", engines, strict=False)]
        return FallbackTTS(self.ttss, self.events.append)

    @property
    def switches(self) -> list[tuple[str, str]]:
        return [(e.old, e.new) for e in self.events if isinstance(e, EngineSwitch)]

    def errors(self, kind: type[LlmErr] | type[TtsErr]) -> list[str]:
        return [e.error for e in self.events if isinstance(e, kind)]


async def drain(channel: Any, into: list[Any]) -> None:
    async for item in channel:
        into.append(item)  # noqa: PERF401 - what came before an error counts


async def reply(llm: LLM, into: list[Any] | None = None) -> str:
    items: list[Any] = [] if into is None else into
    async with llm.reply(PROMPT) as channel:
        await drain(channel, items)
    return "".join(i.text for i in items if isinstance(i, Token))


async def speak(tts: TTS, text: str = "hello there", into: list[AudioChunk] | None = None) -> float:
    chunks: list[AudioChunk] = [] if into is None else into
    async with tts.speak(text, Voice("en-US")) as channel:
        await drain(channel, chunks)
    return sum(len(c.pcm) / 2 / c.rate_hz for c in chunks)


class Broken:
    """An engine that does what no engine may."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps

    @trio.as_safe_channel
    async def reply(self, prompt: Prompt) -> AsyncGenerator[Any, None]:
        for step in self.steps:
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, float):
                await trio.sleep(step)
                continue
            yield step

    @trio.as_safe_channel
    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Any, None]:
        for step in self.steps:
            if isinstance(step, float):
                await trio.sleep(step)
                continue
            yield step


# --- models


async def test_a_model_that_works_is_used_and_nothing_is_told(autojump_clock: MockClock) -> None:
    bench = Bench()
    spare = ScriptedLLM()
    assert await reply(bench.llm(ScriptedLLM(), spare)) == ECHO
    assert bench.events == []
    assert spare.starts == 0


@pytest.mark.parametrize("kind", ["connect", "stall", "garbage", "empty"])
async def test_a_model_that_fails_before_its_first_word_is_replaced(autojump_clock: MockClock, kind: Any) -> None:
    bench = Bench()
    assert await reply(bench.llm(ScriptedLLM(fail=Fault(kind)), ScriptedLLM())) == ECHO
    assert bench.switches == [("a", "b")]
    assert bench.errors(LlmErr)
    assert trio.current_time() <= 2.0


async def test_a_passing_failure_is_tried_again_at_once_and_no_engine_is_switched(autojump_clock: MockClock) -> None:
    bench = Bench()
    flaky, spare = ScriptedLLM(latency_s=0.2, fail=Fault("connect", nth=1)), ScriptedLLM()
    assert await reply(bench.llm(flaky, spare)) == ECHO
    assert (flaky.starts, spare.starts, bench.switches) == (2, 0, [])
    assert len(bench.errors(LlmErr)) == 1


async def test_after_600_ms_there_is_no_second_try(autojump_clock: MockClock) -> None:
    bench = Bench()
    slow = ScriptedLLM(latency_s=0.7, fail=Fault("connect"))
    assert await reply(bench.llm(slow, ScriptedLLM())) == ECHO
    assert slow.starts == 1


async def test_the_next_model_goes_on_after_the_last_whole_phrase_and_repeats_nothing(
    autojump_clock: MockClock,
) -> None:
    asked: list[Prompt] = []

    def answer(prompt: Prompt) -> str:
        asked.append(prompt)
        return ECHO

    bench = Bench()
    got: list[Any] = []
    llm = bench.llm(ScriptedLLM(fail=Fault("mid", after=4)), ScriptedLLM(replies=answer))
    assert await reply(llm, got) == ECHO
    assert [t.text for t in got] == ["You said: hello. ", "Anything else?"]
    assert "“You said: hello.”" in asked[0].system
    assert asked[0].messages == PROMPT.messages
    assert bench.switches == [("a", "b")]
    assert len(bench.errors(LlmErr)) == 1


async def test_half_a_phrase_is_nobodys_and_the_next_model_answers_afresh(autojump_clock: MockClock) -> None:
    bench = Bench()
    asked: list[Prompt] = []

    def answer(prompt: Prompt) -> str:
        asked.append(prompt)
        return "Another answer."

    broken = ScriptedLLM(latency_s=0.7, fail=Fault("mid", after=2))
    assert await reply(bench.llm(broken, ScriptedLLM(replies=answer))) == "Another answer."
    assert asked == [PROMPT]


async def test_what_another_model_says_in_other_words_is_said(autojump_clock: MockClock) -> None:
    other = ScriptedLLM(replies=["You said hello, I think. What now?"])
    first = ScriptedLLM(latency_s=0.7, fail=Fault("mid", after=4))
    said = await reply(Bench().llm(first, other))
    assert said == "You said: hello. You said hello, I think. What now?"


async def test_when_nobody_can_go_on_what_was_said_stands_and_the_error_comes_out(autojump_clock: MockClock) -> None:
    got: list[Any] = []
    llm = Bench().llm(ScriptedLLM(fail=Fault("mid", after=4)), ScriptedLLM(fail=Fault("connect")))
    with pytest.raises(EngineError, match="at connect"):
        await reply(llm, got)
    assert [t.text for t in got] == ["You said: hello. "]


async def test_a_reply_that_broke_off_after_a_tool_call_is_not_gone_on_with(autojump_clock: MockClock) -> None:
    call = ToolCall("1", "calendar.create", {})
    spare = ScriptedLLM()
    with pytest.raises(EngineError, match="failed with ZeroDivisionError"):
        await reply(Bench().llm(Broken(call, ZeroDivisionError()), spare))
    assert spare.starts == 0


async def test_a_model_that_falls_silent_in_mid_reply_is_given_up_after_two_seconds(autojump_clock: MockClock) -> None:
    bench = Bench()
    with pytest.raises(EngineError, match="no further word in time"):
        await reply(bench.llm(ScriptedLLM(fail=Fault("stall", after=2))))
    assert trio.current_time() == pytest.approx(2.0)


# --- two models beside each other


async def test_a_second_model_is_asked_beside_a_slow_one_and_the_first_word_wins(autojump_clock: MockClock) -> None:
    bench = Bench()
    slow, spare = ScriptedLLM(latency_s=3.0), ScriptedLLM(latency_s=0.4)
    assert await reply(bench.llm(slow, spare)) == ECHO
    assert trio.current_time() == pytest.approx(LLM_HEDGE_S + 0.4)
    assert (slow.starts, slow.live) == (1, 0)
    assert bench.switches == [("a", "b")]
    assert bench.errors(LlmErr) == ["a: was overtaken before its first word"]


async def test_a_slow_model_that_is_first_after_all_keeps_the_reply(autojump_clock: MockClock) -> None:
    bench = Bench()
    slow, spare = ScriptedLLM(latency_s=1.5), ScriptedLLM(latency_s=0.4)
    assert await reply(bench.llm(slow, spare)) == ECHO
    assert trio.current_time() == pytest.approx(1.5)
    assert (spare.starts, spare.live) == (1, 0)
    assert bench.events == []
    assert [n.breaker.circuit for n in bench.llms] == [Circuit.CLOSED] * 2


async def test_a_quick_model_costs_one_start(autojump_clock: MockClock) -> None:
    spare = ScriptedLLM()
    assert await reply(Bench().llm(ScriptedLLM(latency_s=1.1), spare)) == ECHO
    assert spare.starts == 0


async def test_never_more_than_two_are_asked_at_once(autojump_clock: MockClock) -> None:
    chain = [ScriptedLLM(fail=Fault("stall")), ScriptedLLM(fail=Fault("stall")), ScriptedLLM(latency_s=0.4)]
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, sum(llm.live for llm in chain))
            await trio.sleep(0.1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        assert await reply(Bench().llm(*chain)) == ECHO
        nursery.cancel_scope.cancel()
    assert most == 2
    assert trio.current_time() == pytest.approx(LLM_HEDGE_S * 2 + 0.4)


async def test_a_model_that_is_always_overtaken_rests_for_a_while(autojump_clock: MockClock) -> None:
    bench = Bench()
    slow = ScriptedLLM(latency_s=3.0)
    llm = bench.llm(slow, ScriptedLLM())
    for _ in range(7):
        assert await reply(llm) == ECHO
    assert slow.starts == 5


async def test_a_hedge_that_lost_can_still_go_on_with_the_reply(autojump_clock: MockClock) -> None:
    bench = Bench()
    first, spare = ScriptedLLM(latency_s=1.5, fail=Fault("mid", after=4)), ScriptedLLM(latency_s=0.4)
    assert await reply(bench.llm(first, spare)) == ECHO
    assert spare.starts == 2


# --- and more than models


async def test_the_readers_own_slowness_is_not_the_models(autojump_clock: MockClock) -> None:
    bench = Bench()
    words = []
    async with bench.llm(ScriptedLLM()).reply(PROMPT) as channel:
        async for item in channel:
            words.append(item)
            await trio.sleep(5)
    assert len(words) == 2
    assert bench.events == []


async def test_no_chain_takes_longer_than_six_seconds_to_its_first_word(autojump_clock: MockClock) -> None:
    bench = Bench()
    stalled = [ScriptedLLM(fail=Fault("stall")) for _ in range(3)]
    with pytest.raises(EngineError, match="in time"):
        await reply(bench.llm(*stalled))
    assert trio.current_time() == pytest.approx(LLM_HARD_S)
    assert [llm.live for llm in stalled] == [0, 0, 0]


async def test_the_last_model_has_all_the_time_that_is_left(autojump_clock: MockClock) -> None:
    assert await reply(Bench().llm(ScriptedLLM(latency_s=5.5))) == ECHO


async def test_a_tool_call_is_handed_on_whole(autojump_clock: MockClock) -> None:
    call = ToolCall("1", "calendar.find_slots", {"day": "2025-05-01"})
    got: list[Any] = []
    await reply(Bench().llm(Broken(Token(" \n"), call)), got)
    assert got == [call]


@pytest.mark.parametrize(
    "bug",
    [
        ZeroDivisionError(),
        SystemExit(3),
        asyncio.CancelledError(),
        ExceptionGroup("two", [ValueError(), KeyError()]),
        BaseExceptionGroup("exit", [SystemExit(1)]),
        "not a token",
    ],
    ids=repr,
)
async def test_a_bug_of_an_engine_is_a_failure_of_that_engine(autojump_clock: MockClock, bug: Any) -> None:
    bench = Bench()
    assert await reply(bench.llm(Broken(bug), ScriptedLLM())) == ECHO
    assert bench.switches == [("a", "b")]
    with pytest.raises(EngineError):
        await reply(bench.llm(Broken(Token("Well, "), bug)))


async def test_an_engine_that_cannot_even_be_asked_is_a_failure_too(autojump_clock: MockClock) -> None:
    class NoEngine:
        def reply(self, prompt: Prompt) -> Any:
            raise SystemExit("bad key sk-secret")

    bench = Bench()
    assert await reply(bench.llm(NoEngine(), ScriptedLLM())) == ECHO
    assert bench.errors(LlmErr) == ["a: failed with SystemExit"]


async def test_five_failures_rest_the_engine_for_all_calls_and_a_probe_brings_it_back(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    first = ScriptedLLM(latency_s=0.5, fail=[Fault("connect", nth=n) for n in range(1, 6)])
    llm = bench.llm(first, ScriptedLLM())
    for _ in range(8):
        assert await reply(llm) == ECHO
    assert first.starts == 5
    assert not bench.llms[0].breaker.ready(trio.current_time())
    other_call = FallbackLLM(bench.llms, bench.events.append)
    assert await reply(other_call) == ECHO
    assert first.starts == 5
    assert bench.switches == [("a", "b")] * 2  # one for each call: that the first was tried in vain is no switch
    await trio.sleep(20)
    assert await reply(llm) == ECHO
    assert first.starts == 6
    assert bench.llms[0].breaker.circuit is Circuit.CLOSED
    assert bench.switches[-1] == ("b", "a")


async def test_when_every_engine_rests_the_error_is_immediate(autojump_clock: MockClock) -> None:
    bench = Bench()
    llm = bench.llm(ScriptedLLM(fail=Fault("connect")))
    for _ in range(3):
        with pytest.raises(EngineError):
            await reply(llm)
    start = trio.current_time()
    with pytest.raises(EngineError, match="every llm engine is resting"):
        await reply(llm)
    assert trio.current_time() == start


async def test_leaving_early_or_a_cancel_closes_the_engine_and_blames_nobody(autojump_clock: MockClock) -> None:
    bench = Bench()
    engine = ScriptedLLM(latency_s=1.0)
    llm = bench.llm(engine)
    for _ in range(10):
        with trio.move_on_after(0.5):
            await reply(llm)
    async with llm.reply(PROMPT) as channel:
        await channel.receive()
    assert engine.live == 0
    assert bench.events == []
    assert bench.llms[0].breaker.circuit is Circuit.CLOSED


async def test_a_reader_that_closes_its_channel_inside_the_block_blames_nobody(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with bench.llm(ScriptedLLM()).reply(PROMPT) as channel:
        await channel.receive()
        await channel.aclose()
        await trio.sleep(60)
    assert bench.events == []


# --- voices


@pytest.mark.parametrize("kind", ["connect", "stall", "garbage", "empty"])
async def test_a_voice_that_fails_before_its_first_audio_is_replaced(autojump_clock: MockClock, kind: Any) -> None:
    bench = Bench()
    assert await speak(bench.tts(ScriptedTTS(fail=Fault(kind)), ScriptedTTS())) == pytest.approx(0.66)
    assert bench.switches == [("a", "b")]
    assert len(bench.errors(TtsErr)) == 1
    assert trio.current_time() <= 1.5


async def test_a_phrase_far_too_short_counts_as_no_speech(autojump_clock: MockClock) -> None:
    bench = Bench()
    text = "this is a whole sentence of about fifty characters"
    assert await speak(bench.tts(ScriptedTTS(seconds_per_char=0.01), ScriptedTTS()), text) == pytest.approx(3.0)
    assert bench.errors(TtsErr) == ["a: 0.5 s of audio for 50 characters"]


async def test_a_short_word_is_not_too_short(autojump_clock: MockClock) -> None:
    bench = Bench()
    assert await speak(bench.tts(ScriptedTTS()), "כן.") == pytest.approx(0.18)
    assert bench.events == []


async def test_a_voice_that_fails_in_mid_phrase_is_followed_by_the_next_from_the_beginning(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    assert await speak(bench.tts(ScriptedTTS(fail=Fault("mid", after=3)), ScriptedTTS())) == pytest.approx(0.3 + 0.66)
    assert bench.switches == [("a", "b")]
    chunks: list[AudioChunk] = []
    with pytest.raises(EngineError):
        await speak(bench.tts(ScriptedTTS(fail=Fault("mid", after=3))), "hello there", chunks)
    assert len(chunks) == 3


async def test_a_voice_that_streams_slowly_is_heard_without_waiting_for_a_fifth_of_it(
    autojump_clock: MockClock,
) -> None:
    text = "a" * 100
    async with Bench().tts(ScriptedTTS(chunk_ms=100, chunk_gap_s=0.1)).speak(text, Voice("en-US")) as channel:
        await channel.receive()
        assert trio.current_time() == pytest.approx(0.1)


async def test_nothing_to_say_asks_no_engine(autojump_clock: MockClock) -> None:
    bench = Bench()
    engine = ScriptedTTS()
    assert await speak(bench.tts(engine), " ... ") == 0
    assert (engine.starts, bench.events) == (0, [])


@pytest.mark.parametrize("rubbish", ["text", AudioChunk(b"\0\0", 44), AudioChunk(b"\0", 8000)], ids=repr)
async def test_what_is_no_audio_is_never_handed_on(autojump_clock: MockClock, rubbish: Any) -> None:
    bench = Bench()
    assert await speak(bench.tts(Broken(rubbish), ScriptedTTS())) == pytest.approx(0.66)


async def test_all_voices_failing_is_an_engine_error(autojump_clock: MockClock) -> None:
    bench = Bench()
    with pytest.raises(EngineError):
        await speak(bench.tts(*(ScriptedTTS(fail=Fault("connect")) for _ in range(2))))
    assert len(bench.errors(TtsErr)) == 2


@pytest.mark.parametrize("make", [FallbackLLM, FallbackTTS])
def test_an_empty_chain_is_refused(make: Callable[[Sequence[Any], Any], Any]) -> None:
    with pytest.raises(ValueError, match="chain is empty"):
        make([], print)
