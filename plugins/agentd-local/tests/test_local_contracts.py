"""The contracts that every engine keeps, kept by these."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache

from agentd_local.models import find_voice
from agentd_local.pool import Inline
from agentd_local.rules.brain import RulesLLM
from agentd_local.stt import LocalSTT
from agentd_local.tts import LocalTTS, PiperVoice

from agentd.engines import LLM, STT, TTS, Voice
from agentd.testing.contracts import LLMContract, STTContract, STTFailureContract, TTSContract, TTSFailureContract


class Reader:
    def transcribe(self, pcm: bytes) -> str:
        return f"{len(pcm) // 16000} seconds of words"


class Broken:
    def transcribe(self, pcm: bytes) -> str:
        raise RuntimeError("the model is gone")

    def sentences(self, text: str, voice: Voice) -> Iterator[bytes]:
        raise RuntimeError("the voice is gone")
        yield b""


@cache
def piper() -> PiperVoice:
    return PiperVoice(find_voice(""))


class TestUtteranceRecogniser(STTContract, STTFailureContract):
    def make(self) -> STT:
        return LocalSTT(Reader(), pool=Inline(0.08))

    def make_broken(self) -> STT:
        return LocalSTT(Broken(), pool=Inline(0.08))


class TestPiper(TTSContract, TTSFailureContract):
    virtual = False

    def make(self) -> TTS:
        return LocalTTS(piper())

    def make_broken(self) -> TTS:
        return LocalTTS(Broken())


class TestRules(LLMContract):
    deterministic = True

    def make(self) -> LLM:
        return RulesLLM(clock=lambda: datetime(2026, 11, 23, 9))
