"""A voice that beeps once for every word. All that an engine needs is here."""

from __future__ import annotations

import math
import struct
from collections.abc import AsyncGenerator

import trio

from agentd.engines import AudioChunk, Voice
from agentd.errors import ConfigError

RATE_HZ = 8000
MS_PER_LETTER = 50


class Beeps:
    def __init__(self, argument: str) -> None:
        if argument and not argument.isdecimal():
            raise ConfigError("engine chain", "TTS_ENGINE", f"beeps:{argument}: no pitch", "write beeps or beeps:880")
        self.pitch_hz = int(argument or 440)

    @trio.as_safe_channel
    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        for word in text.split():
            length = len(word) * MS_PER_LETTER * RATE_HZ // 1000
            wave = (round(6000 * math.sin(math.tau * self.pitch_hz * i / RATE_HZ)) for i in range(length))
            yield AudioChunk(struct.pack(f"<{length}h", *wave) + bytes(RATE_HZ // 10), RATE_HZ)  # 50 ms between words
