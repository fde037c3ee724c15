"""Chains cancelled at every step: no task, no open engine and no blame is left behind."""

from __future__ import annotations

import math
from collections.abc import Sequence

import trio

from agentd.core.playbook import Playbook
from agentd.engines import AudioFormat, Heard, Message, Prompt, Voice
from agentd.resilience.attempt import Named
from agentd.resilience.fallback_llm import FallbackLLM
from agentd.resilience.fallback_stt import FallbackSTT
from agentd.resilience.fallback_tts import FallbackTTS
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS

PROMPT = Prompt("CA1", Playbook("t", "en-US", "", ""), "", (Message("caller", "hello"),))
PIECE = bytes(1600)


def nothing_open(engines: Sequence[ScriptedSTT | ScriptedLLM | ScriptedTTS]) -> None:
    assert [e.live for e in engines] == [0] * len(engines)


def test_a_model_chain() -> None:
    async def scenario(scope: trio.CancelScope) -> Sequence[ScriptedLLM]:
        engines = ScriptedLLM(0.1, 0.01, fail=Fault("connect")), ScriptedLLM(0.1, 0.01)
        llm = FallbackLLM([Named(str(i), e) for i, e in enumerate(engines)], lambda event: None)
        with scope:
            async with llm.reply(PROMPT) as tokens:
                async for _ in tokens:
                    await trio.sleep(0.02)
        return engines

    assert cancel_everywhere(scenario, check=nothing_open).steps > 40


def test_a_model_chain_with_two_beside_each_other_and_one_that_goes_on() -> None:
    async def scenario(scope: trio.CancelScope) -> Sequence[ScriptedLLM]:
        engines = ScriptedLLM(1.5, 0.01, fail=Fault("mid", after=4)), ScriptedLLM(1.0, 0.01)
        llm = FallbackLLM([Named(str(i), e) for i, e in enumerate(engines)], lambda event: None)
        with scope:
            async with llm.reply(PROMPT) as tokens:
                async for _ in tokens:
                    await trio.sleep(0.02)
        return engines

    assert cancel_everywhere(scenario, check=nothing_open).steps > 40


def test_a_voice_chain() -> None:
    async def scenario(scope: trio.CancelScope) -> Sequence[ScriptedTTS]:
        engines = ScriptedTTS(0.1, fail=Fault("empty")), ScriptedTTS(0.1)
        tts = FallbackTTS([Named(str(i), e) for i, e in enumerate(engines)], lambda event: None)
        with scope:
            async with tts.speak("hello there", Voice("en-US")) as chunks:
                async for _ in chunks:
                    pass
        return engines

    assert cancel_everywhere(scenario, check=nothing_open).steps > 30


def test_a_recogniser_chain_that_changes_engines() -> None:
    async def scenario(scope: trio.CancelScope) -> Sequence[ScriptedSTT]:
        engines = ScriptedSTT(0.1, fail=Fault("mid", after=2)), ScriptedSTT(0.1)
        stt = FallbackSTT([Named(str(i), e) for i, e in enumerate(engines)], lambda event: None)
        into, audio = trio.open_memory_channel[Heard](math.inf)

        async def play() -> None:
            with into:
                for i in range(20):
                    into.send_nowait(Heard(PIECE, (i + 1) * 100, voiced=i < 15))
                    await trio.sleep(0.1)

        with scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(play)
                async with stt.listen(audio, AudioFormat(), "en-US") as transcripts:
                    async for _ in transcripts:
                        pass
        return engines

    assert cancel_everywhere(scenario, check=nothing_open).steps > 100


def test_a_probe_that_is_cancelled_at_any_step_leaves_the_next_call_a_probe() -> None:
    async def scenario(scope: trio.CancelScope) -> Named[ScriptedLLM]:
        engine = Named("a", ScriptedLLM(0.1))
        for _ in range(5):
            engine.breaker.failed(trio.current_time())
        await trio.sleep(20)
        with scope:
            async with FallbackLLM([engine], lambda event: None).reply(PROMPT) as tokens:
                await tokens.receive()
        assert engine.breaker.ready(trio.current_time())
        return engine

    assert cancel_everywhere(scenario, check=lambda engine: nothing_open([engine.engine])).steps > 5


def test_a_second_opinion() -> None:
    async def scenario(scope: trio.CancelScope) -> Sequence[ScriptedSTT]:
        engines = ScriptedSTT(0.1, fail=Fault("stall", nth=1)), ScriptedSTT(0.3)
        chain = [Named(str(i), e) for i, e in enumerate(engines)]
        stt = FallbackSTT(chain, lambda event: None, jitter=lambda low, high: low)
        into, audio = trio.open_memory_channel[Heard](math.inf)

        async def play() -> None:
            with into:
                for i in range(28):
                    await trio.sleep(0.1)
                    into.send_nowait(Heard(PIECE, (i + 1) * 100, voiced=i < 8))

        with scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(play)
                async with stt.listen(audio, AudioFormat(), "en-US") as transcripts:
                    async for _ in transcripts:
                        pass
        into.close()
        audio.close()
        return engines

    assert cancel_everywhere(scenario, check=nothing_open).steps > 60
