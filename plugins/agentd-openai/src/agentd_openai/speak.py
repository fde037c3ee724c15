"""The voice `openai[:voice[/model]]`: raw PCM at 24 kHz, played from its first piece on.

`Voice.rate` becomes `speed`; there is no pitch, and `agentd check` says so.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import trio
from trio.abc import ReceiveChannel

from agentd.call.streams import produced
from agentd.engines import AudioChunk, Voice
from agentd.errors import EngineError
from agentd_openai import models
from agentd_openai.client import Client
from agentd_openai.failures import as_engine_errors, garbage
from agentd_openai.pcm import PcmReader
from agentd_openai.unwind import each

READ_AHEAD = 8  # chunks of at most 100 ms; full = the server waits
SLOWEST, FASTEST = 0.25, 4.0  # by OpenAI's reference
MOST_CHARS = 4096  # by OpenAI's reference


class OpenAITTS:
    """`argument`: "voice", "voice/model" or "/model"; "" for the defaults."""

    def __init__(self, client: Client, argument: str = "") -> None:
        self._client = client
        self._voice, self._model = models.voice_and_model(argument)
        self._name = f"openai:{argument}" if argument else "openai"

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        """As `TTS.speak`. The voice is the engine's own argument, else `voice.name` if OpenAI has one of that name
        (chains hold the names of other engines too), else the default. A text without a letter or digit is no audio.
        Raises `EngineError` for whatever the server does; a cancel closes the connection at once."""
        return produced(partial(self._speak, text, voice), READ_AHEAD)

    async def _speak(self, text: str, voice: Voice, out: trio.MemorySendChannel[AudioChunk]) -> None:
        if not any(c.isalnum() for c in text):
            return
        if len(text) > MOST_CHARS:
            raise EngineError(f"{len(text)} characters are more than one phrase", engine=self._name)
        reader = PcmReader(self._name)

        async def hand_on(piece: bytes) -> None:
            for chunk in reader.feed(piece):
                await out.send(chunk)

        with as_engine_errors(self._name):
            create: Any = self._client.get().audio.speech.with_streaming_response.create
            async with create(
                model=self._model,
                voice=self._voice or (voice.name if voice.name in models.VOICES else models.VOICE),
                input=text,
                response_format="pcm",
                speed=min(max(voice.rate, SLOWEST), FASTEST),
            ) as response:
                kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind.startswith("text/") or kind == "application/json":
                    raise garbage(f"{kind or 'unnamed'} for audio", self._name)
                await each(response.iter_bytes(), hand_on)
