"""The scripted engines pass the suites that every engine passes, alone and behind a chain of their own."""

from __future__ import annotations

from agentd.engines import LLM, STT, TTS
from agentd.resilience.attempt import Named
from agentd.resilience.fallback_llm import FallbackLLM
from agentd.resilience.fallback_stt import FallbackSTT
from agentd.resilience.fallback_tts import FallbackTTS
from agentd.testing.contracts import (
    LLMContract,
    LLMFailureContract,
    STTContract,
    STTFailureContract,
    TTSContract,
    TTSFailureContract,
)
from agentd.testing.scripted import Fault, ScriptedLLM, ScriptedSTT, ScriptedTTS


def ignore(event: object) -> None:
    """No tape."""


class TestScriptedSTT(STTContract, STTFailureContract):
    def make(self) -> STT:
        return ScriptedSTT(latency_s=0.3)

    def make_broken(self) -> STT:
        return ScriptedSTT(fail=Fault("mid"))


class TestScriptedLLM(LLMContract, LLMFailureContract):
    deterministic = True

    def make(self) -> LLM:
        return ScriptedLLM(latency_s=0.3, token_gap_s=0.01)

    def make_broken(self) -> LLM:
        return ScriptedLLM(fail=Fault("connect"))


class TestScriptedTTS(TTSContract, TTSFailureContract):
    def make(self) -> TTS:
        return ScriptedTTS(latency_s=0.1)

    def make_broken(self) -> TTS:
        return ScriptedTTS(fail=Fault("mid"))


class TestFallbackSTT(STTContract, STTFailureContract):
    def make(self) -> STT:
        return OneForEachCall([Named("a", ScriptedSTT(fail=Fault("connect", 1))), Named("b", ScriptedSTT())])

    def make_broken(self) -> STT:
        return OneForEachCall([Named("a", ScriptedSTT(fail=Fault("connect")))])


class OneForEachCall:
    """The wrapper of a recogniser belongs to one call: this makes one for each `listen`."""

    def __init__(self, chain: list[Named[STT]]) -> None:
        self._chain = chain

    def listen(self, audio, fmt, language):  # type: ignore[no-untyped-def]
        return FallbackSTT(self._chain, ignore).listen(audio, fmt, language)


class TestFallbackLLM(LLMContract, LLMFailureContract):
    deterministic = True

    def make(self) -> LLM:
        return FallbackLLM([Named("a", ScriptedLLM(fail=Fault("garbage", 1))), Named("b", ScriptedLLM())], ignore)

    def make_broken(self) -> LLM:
        return FallbackLLM([Named("a", ScriptedLLM(fail=Fault("stall")))], ignore)


class TestFallbackTTS(TTSContract, TTSFailureContract):
    def make(self) -> TTS:
        return FallbackTTS([Named("a", ScriptedTTS(fail=Fault("empty", 1))), Named("b", ScriptedTTS())], ignore)

    def make_broken(self) -> TTS:
        return FallbackTTS([Named("a", ScriptedTTS(fail=Fault("stall")))], ignore)
