"""The contract suites of every engine, over a real socket and by the real client."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio.testing
from agentd_openai.access import Access
from agentd_openai.chat import OpenAILLM
from agentd_openai.client import Client
from agentd_openai.fake_responses import reply
from agentd_openai.fake_responses import words as spoken
from agentd_openai.fake_server import Answer, FakeOpenAI, Request, sse, stream, words
from agentd_openai.responses import OpenAIResponsesLLM
from agentd_openai.speak import OpenAITTS
from agentd_openai.transcribe import OpenAISTT

from agentd.engines import LLM, STT, TTS
from agentd.testing.contracts.base import Contract
from agentd.testing.contracts.llm import LLMContract, LLMFailureContract
from agentd.testing.contracts.stt import STTContract, STTFailureContract
from agentd.testing.contracts.tts import TTSContract, TTSFailureContract


def echo(request: Request) -> Answer:
    """A model that says how it understood the caller."""
    said = request.json["messages"][-1]["content"]
    return stream(sse(*words("You said: ", said[:50], ".")))


def echo_by_responses(request: Request) -> Answer:
    """The same by the other API."""
    said = request.json["input"][-1].get("content", "nothing")
    return stream(reply(spoken("You said: ", said[:50], ".")))


def speech(request: Request) -> Answer:
    """A voice that hums 60 ms a character."""
    samples = len(request.json["input"]) * 1440
    tone = array("h", (round(8000 * math.sin(i / 20)) for i in range(samples)))
    return Answer([tone.tobytes()], kind="audio/pcm")


class OverTheWire(Contract):
    """Real sockets and a real clock, the server in a thread of its own."""

    virtual = False
    patience_s = 20.0
    pace_s = 0.002

    @pytest.fixture(autouse=True)
    def wire(self, server: FakeOpenAI, nowhere: Client) -> None:
        server.answers = {
            "/chat/completions": echo,
            "/responses": echo_by_responses,
            "/audio/transcriptions": Answer([json.dumps({"text": "I am looking for a flat"}).encode()]),
            "/audio/speech": speech,
        }
        self.client, self.broken = Client(Access(server.url, "k")), nowhere

    @asynccontextmanager
    async def nothing_left(self) -> AsyncIterator[None]:
        """The clients belong to the process, not to the engine's block: they are there before anything is counted."""
        self.client.get()
        self.broken.get()
        await trio.testing.wait_all_tasks_blocked()
        async with super().nothing_left():
            yield


class TestChat(OverTheWire, LLMContract, LLMFailureContract):
    deterministic = True

    def make(self) -> LLM:
        return OpenAILLM(self.client)

    def make_broken(self) -> LLM:
        return OpenAILLM(self.broken)


class TestResponses(OverTheWire, LLMContract, LLMFailureContract):
    deterministic = True

    def make(self) -> LLM:
        return OpenAIResponsesLLM(self.client)

    def make_broken(self) -> LLM:
        return OpenAIResponsesLLM(self.broken)


class TestTranscribe(OverTheWire, STTContract, STTFailureContract):
    def make(self) -> STT:
        return OpenAISTT(self.client)

    def make_broken(self) -> STT:
        return OpenAISTT(self.broken)


class TestSpeak(OverTheWire, TTSContract, TTSFailureContract):
    def make(self) -> TTS:
        return OpenAITTS(self.client)

    def make_broken(self) -> TTS:
        return OpenAITTS(self.broken)
