"""What `agentd check` says of these engines: key and address, the models in use, and what they cannot do.

Nothing is asked of a server here: `agentd check --live` does that for every engine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agentd.errors import ConfigError
from agentd_openai import models
from agentd_openai.access import Access, access

if TYPE_CHECKING:
    from agentd.config import Settings

Row = tuple[str, bool, str]


def rows(config: Settings, env: Mapping[str, str] = os.environ) -> Iterator[Row]:
    """(what, fine, sentence) for each engine of this plugin that the settings choose; none if they choose none."""
    by_responses = [argument or models.CHAT for argument in _arguments(config.llm_engine, "openai-responses")]
    chosen = [
        *(("model", argument or models.CHAT) for argument in _arguments(config.llm_engine, "openai")),
        *(("model", model) for model in by_responses),
        *(
            ("recogniser", argument or models.TRANSCRIBE)
            for argument in _arguments(config.stt_engine, "openai-whisper")
        ),
    ]
    voices = list(_arguments(config.tts_engine, "openai"))
    if not chosen and not voices:
        return
    try:
        server = access(config, env)
    except ConfigError as error:
        yield "openai access", False, str(error)
        return
    yield "openai access", True, f"{server.base_url}, the key is set" if config.openai_api_key else server.base_url
    for what, model in chosen:
        yield f"openai {what}", True, model + _ending(server, model)
    if by_responses and not server.is_openai:
        yield "openai model", True, "openai-responses needs a server with /responses, which few but OpenAI's have"
    for argument in voices:
        voice, model = models.voice_and_model(argument)
        yield "openai voice", *_voice(server, voice or models.VOICE, model)
    if voices and config.tts_pitch:
        yield "openai voice", True, f"TTS_PITCH={config.tts_pitch:g} has no effect: these voices have no pitch setting"


def _voice(server: Access, voice: str, model: str) -> tuple[bool, str]:
    if server.is_openai and voice not in models.VOICES and not voice.startswith("voice_"):
        known = ", ".join(sorted(models.VOICES))
        return False, f"OpenAI has no voice {voice}: choose among {known}, as in TTS_ENGINE=openai:{models.VOICE}"
    return True, f"{voice} by {model}{_ending(server, model)}"


def _ending(server: Access, model: str) -> str:
    ends = models.ENDS.get(model)
    if ends is None or not server.is_openai:
        return ""
    return f"; OpenAI stops serving it on {ends}: have another engine behind it in the chain"


def _arguments(chain: tuple[str, ...], engine: str) -> Iterator[str]:
    for entry in chain:
        name, _, argument = entry.partition(":")
        if name == engine:
            yield argument
