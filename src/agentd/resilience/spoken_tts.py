"""What is written becomes what is spoken: numbers, prices and hours as words, before any voice sees them (SPEC 3.7)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager

import trio
from trio.abc import ReceiveChannel

from agentd.core.spoken import spoken
from agentd.engines import TTS, AudioChunk, Voice


class SpokenTTS:
    """A `TTS` that has the text put into words and hands it on. A text that is nothing but marks is no sound."""

    def __init__(self, tts: TTS) -> None:
        self._tts = tts

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        words = spoken(text, voice.language)
        return self._tts.speak(words, voice) if words else _nothing()


@trio.as_safe_channel
async def _nothing() -> AsyncGenerator[AudioChunk, None]:
    for silence in list[AudioChunk]():
        yield silence
