"""OpenAI's engines: `openai` model and voice, `openai-responses` model, `openai-whisper` recogniser.

Nothing heavy is imported here (the client costs over a second of CPU): the factories import it when an engine is
chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import agentd

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.engines import LLM, STT, TTS
    from agentd.hookspecs import Register
    from agentd_openai.client import Client


@agentd.hookimpl
def agentd_register_engines(register: Register) -> None:
    register.llm("openai", _llm)
    register.llm("openai-responses", _responses)
    register.stt("openai-whisper", _stt)
    register.tts("openai", _tts)


@agentd.hookimpl
def agentd_check(config: Settings) -> Iterable[tuple[str, bool, str]]:
    from agentd_openai.check import rows

    return list(rows(config))


def _llm(settings: Settings, argument: str) -> LLM:
    client = _client(settings)
    from agentd_openai.chat import OpenAILLM

    return OpenAILLM(client, argument)


def _responses(settings: Settings, argument: str) -> LLM:
    client = _client(settings)
    from agentd_openai.responses import OpenAIResponsesLLM

    return OpenAIResponsesLLM(client, argument)


def _stt(settings: Settings, argument: str) -> STT:
    client = _client(settings)
    from agentd_openai.transcribe import OpenAISTT

    return OpenAISTT(client, argument)


def _tts(settings: Settings, argument: str) -> TTS:
    client = _client(settings)
    from agentd_openai.speak import OpenAITTS

    return OpenAITTS(client, argument)


def _client(settings: Settings) -> Client:
    """The SDK is first imported here."""
    from agentd.imports import without
    from agentd_openai.access import access

    with without("aiohttp"):  # 8 MB for another client, which the SDK offers where it is installed
        from agentd_openai.client import Client

    return Client(access(settings))
