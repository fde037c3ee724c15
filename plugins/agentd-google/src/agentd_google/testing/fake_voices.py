"""The fake voices: a hum of 60 ms a character, whole with a RIFF header or streamed without."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import AsyncIterator
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.cloud import texttospeech_v1 as tts

from agentd.audio.wav import wav_of
from agentd_google.testing.fake_speech import House, serialised
from agentd_google.testing.trouble import CUT, GARBAGE
from agentd_google.voices import family_of

MS_PER_CHAR = 60
PIECE_BYTES = 1601  # odd, to see whether somebody cuts samples in half
LISTED = (
    ("he-IL-Standard-A", "he-IL"), ("he-IL-Wavenet-B", "he-IL"), ("he-IL-Chirp3-HD-Aoede", "he-IL"),
    ("en-US-Standard-C", "en-US"), ("en-US-Chirp3-HD-Kore", "en-US"), ("en-US-Neural2-F", "en-US"),
)  # fmt: skip


class FakeVoices:
    """`listed`: (name, language) of each voice. `asked`: the requests, or the configurations of streams, that were
    accepted. `texts`: what was to be said. `cancelled`: syntheses that the client did not wait for."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.listed: tuple[tuple[str, str], ...] = LISTED
        self.asked: list[Any] = []
        self.texts: list[str] = []
        self.lists = self.cancelled = 0

    def handler(self) -> Any:
        methods = {
            "ListVoices": grpc.unary_unary_rpc_method_handler(
                self._list, tts.ListVoicesRequest.deserialize, serialised
            ),
            "SynthesizeSpeech": grpc.unary_unary_rpc_method_handler(
                self._whole, tts.SynthesizeSpeechRequest.deserialize, serialised
            ),
            "StreamingSynthesize": grpc.stream_stream_rpc_method_handler(
                self._streamed, tts.StreamingSynthesizeRequest.deserialize, serialised
            ),
        }
        return grpc.method_handlers_generic_handler("google.cloud.texttospeech.v1.TextToSpeech", methods)

    async def _list(self, request: Any, context: Any) -> Any:
        self.lists += 1
        await self._refused(request, context)
        return tts.ListVoicesResponse(
            voices=[tts.Voice(name=name, language_codes=[language]) for name, language in self.listed]
        )

    async def _whole(self, request: Any, context: Any) -> Any:
        await self._refused(request, context)
        config = request.audio_config
        family = family_of(request.voice.name)
        if config.pitch and not family.pitch:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "This voice does not support pitch parameters.")
        self.asked.append(request)
        self.texts.append(request.input.text)
        trouble = self._house.trouble
        await self._wait(trouble.slow_s if trouble.stall_ms is None else math.inf)
        if trouble.garbage_ms is not None:
            return GARBAGE
        if trouble.cut_ms is not None:
            await context.abort(*CUT)
        pcm = b"" if trouble.empty else hum(request.input.text, config.speaking_rate)
        return tts.SynthesizeSpeechResponse(audio_content=wav_of(pcm, config.sample_rate_hertz))

    async def _streamed(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        config = (await anext(requests)).streaming_config
        await self._refused(config, context)
        if not family_of(config.voice.name).streams:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "This voice cannot be used with streaming.")
        self.asked.append(config)
        trouble = self._house.trouble
        async for message in requests:
            self.texts.append(message.input.text)
            pcm = b"" if trouble.empty else hum(message.input.text, config.streaming_audio_config.speaking_rate)
            for at in range(0, len(pcm), PIECE_BYTES):
                now_ms = at // 16
                await self._wait(math.inf if trouble.at(trouble.stall_ms, now_ms) else trouble.slow_s)
                if trouble.at(trouble.cut_ms, now_ms):
                    await context.abort(*CUT)
                if trouble.at(trouble.garbage_ms, now_ms):
                    yield GARBAGE
                else:
                    yield tts.StreamingSynthesizeResponse(audio_content=pcm[at : at + PIECE_BYTES])

    async def _refused(self, request: Any, context: Any) -> None:
        refusal = self._house.trouble.refuse(request)
        if refusal is not None:
            await context.abort(*refusal)

    async def _wait(self, seconds: float) -> None:
        try:
            await (asyncio.Event().wait() if seconds == math.inf else asyncio.sleep(seconds))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def hum(text: str, rate: float) -> bytes:
    samples = int(len(text) * MS_PER_CHAR * 8 / (rate or 1.0))
    return array("h", (round(6000 * math.sin(2 * math.pi * 200 * n / 8000)) for n in range(samples))).tobytes()
