"""Engines that fail in a real call: the caller is answered all the same, and never with half a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from agentd.engines import LLM, TTS
from agentd.events import EngineSwitch, Event, LlmErr, TtsErr
from agentd.resilience.attempt import Named
from agentd.resilience.fallback_llm import FallbackLLM
from agentd.resilience.fallback_stt import FallbackSTT
from agentd.resilience.fallback_tts import FallbackTTS
from agentd.testing.play import play
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS
from agentd.testing.stage import Stage, stage

WISH = "a table for two"
ECHO = "You said: a table for two. Anything else?"


class Scene:
    """One question in a call whose engines fail; the events of the chains are kept."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def llm(self, *engines: LLM) -> FallbackLLM:
        chain = [Named(name, e) for name, e in zip("abc", engines, strict=False)]
        return FallbackLLM(chain, self.events.append, jitter=lambda low, high: high)

    def tts(self, *engines: TTS) -> FallbackTTS:
        return FallbackTTS([Named(name, e) for name, e in zip("abc", engines, strict=False)], self.events.append)

    def ask(self, within_s: float, **engines: Any) -> Stage:
        async def scene() -> Stage:
            async with stage(**engines) as s:
                await s.caller.silence(1.0)
                await s.caller.says(WISH)
                await s.caller.hears(within_s=within_s)
                await s.caller.hears_end(within_s=15, quiet_s=3.0)
            return s

        s = play(scene)
        assert s.record is not None
        assert s.record.crash is None
        return s

    def switches(self) -> list[tuple[str, str, str]]:
        return [(e.stage, e.old, e.new) for e in self.events if isinstance(e, EngineSwitch)]


@pytest.mark.parametrize("kind", ["connect", "garbage", "empty"])
def test_a_model_that_fails_costs_the_caller_less_than_a_second(kind: Any) -> None:
    scene = Scene()
    s = scene.ask(1.5, llm=scene.llm(ScriptedLLM(0.1, fail=Fault(kind)), ScriptedLLM(0.1)))
    assert s.answered() == [ECHO]
    assert ("llm", "a", "b") in scene.switches()


def test_a_model_that_stalls_is_covered_by_a_filler_and_answered_by_the_next() -> None:
    scene = Scene()
    s = scene.ask(2.5, llm=scene.llm(ScriptedLLM(fail=Fault("stall")), ScriptedLLM()))
    assert s.answered()[-1].endswith(ECHO)
    assert ("llm", "a", "b") in scene.switches()


def test_half_a_sentence_is_never_spoken() -> None:
    scene = Scene()
    replies = ["The first sentence is whole. The second one is not"]
    s = scene.ask(1.5, llm=scene.llm(ScriptedLLM(replies=replies, fail=Fault("mid", after=8))))
    assert s.answered() == ["The first sentence is whole."]
    assert {type(e) for e in scene.events} == {LlmErr}  # the guess failed too, unheard


def test_when_every_model_fails_the_caller_is_told_so() -> None:
    scene = Scene()
    s = scene.ask(1.5, llm=scene.llm(ScriptedLLM(fail=Fault("connect")), ScriptedLLM(fail=Fault("empty"))))
    assert s.answered()[-1] in ("I am sorry, something went wrong here.", "I am sorry, I could not do that.")


@pytest.mark.parametrize("kind", ["connect", "garbage", "empty"])
def test_a_voice_that_fails_is_replaced_within_the_phrase(kind: Any) -> None:
    scene = Scene()
    s = scene.ask(1.5, tts=scene.tts(ScriptedTTS(fail=Fault(kind)), ScriptedTTS()))
    assert s.answered() == [ECHO]
    assert scene.switches()[0] == ("tts", "a", "b")


def test_when_every_voice_fails_a_tone_is_heard() -> None:
    scene = Scene()
    scene.ask(1.5, tts=scene.tts(ScriptedTTS(fail=Fault("connect")), ScriptedTTS(fail=Fault("empty"))))
    assert any(isinstance(e, TtsErr) for e in scene.events)


def test_a_recogniser_that_dies_in_mid_call_loses_no_word() -> None:
    class Told(FallbackSTT):
        """The simulated caller tells the engines behind the chain what they will hear."""

        def __init__(self, first: ScriptedSTT, events: list[Event]) -> None:
            super().__init__([Named("a", first)], events.append)
            self.expect = first.expect

    scene = Scene()
    stt = Told(ScriptedSTT(0.1, fail=Fault("mid", nth=1, after=2)), scene.events)
    s = scene.ask(2.5, stt=stt)
    assert s.said() == [WISH]
    assert s.answered() == [ECHO]
    assert len(scene.events) == 1
