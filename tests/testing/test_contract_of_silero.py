"""The neural voice detector passes the suite that every detector passes; the voice that it hears is our own."""

from __future__ import annotations

from functools import cache

import pytest
import trio

from agentd.audio.resample import resample
from agentd.config import Settings
from agentd.engines import VAD, Voice
from agentd.plugins import Plugins
from agentd.testing.contracts import VADContract

PLUGINS = Plugins.load(Settings.of(language_code="en-US"))


@cache
def said() -> bytes:
    """A spoken sentence, 8 kHz PCM."""

    async def speak() -> bytes:
        pcm, rate_hz = b"", 0
        async with PLUGINS.tts("local").speak("I would like to book a table.", Voice("en-US")) as chunks:
            async for chunk in chunks:
                pcm, rate_hz = pcm + chunk.pcm, chunk.rate_hz
        return resample(pcm, rate_hz, 8000)

    return trio.run(speak)


class TestSilero(VADContract):
    @pytest.fixture(autouse=True)
    def _speak_first(self) -> None:
        said()  # outside the event loop of a test

    def make(self) -> VAD:
        return PLUGINS.vad("silero")

    def speech(self) -> bytes:
        return said()
