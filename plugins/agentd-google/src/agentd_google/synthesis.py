"""One phrase from text to 8 kHz PCM: as a whole, or as it is being made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import trio

from agentd.audio.wav import WavError, parse
from agentd.engines import AudioChunk, Voice
from agentd.errors import EngineError
from agentd_google.channels import Pool, Stream
from agentd_google.status import NAME
from agentd_google.voices import GoogleVoice

RATE_HZ = 8000
CHUNK_BYTES = RATE_HZ * 2 * 160 // 1000
SLOWEST, FASTEST = 0.25, 2.0  # what the service takes
DEEPEST, HIGHEST = -20.0, 20.0  # semitones
MOST_GARBAGE = 10  # messages of one stream that cannot be read


@dataclass(frozen=True, slots=True)
class Manner:
    """How a voice is asked to speak."""

    streams: bool
    rate: bool
    pitch: bool

    def less(self, refusal: str) -> tuple[Manner, str] | None:
        """What is left after a refusal in these words, and the name of what is left out; None: nothing can be."""
        said = refusal.casefold()
        steps: list[tuple[str, Manner, str]] = []
        if self.pitch:
            steps.append(("pitch", replace(self, pitch=False), "pitch"))
        if self.rate:
            steps.append(("rate", replace(self, rate=False), "speaking rate"))
        if self.streams:
            steps.append(("stream", replace(self, streams=False), "streaming"))
        named = [step for step in steps if step[0] in said]
        return next(((manner, name) for _, manner, name in named or steps), None)


class Phrase:
    """One synthesis. `spoke`: audio has been handed on, so there is no second try."""

    def __init__(self, text: str, voice: GoogleVoice, how: Voice, out: trio.MemorySendChannel[AudioChunk]) -> None:
        self._text, self._voice, self._how, self._out = text, voice, how, out
        self._odd = b""  # half a sample, until its other half comes
        self.spoke = False

    async def speak(self, pool: Pool, manner: Manner) -> None:
        """Raises `EngineError`; without audio, too."""
        await (self._streamed(pool, manner) if manner.streams else self._whole(pool, manner))
        if not self.spoke:
            raise EngineError("Google sent no audio", retryable=True, engine=NAME)

    async def _whole(self, pool: Pool, manner: Manner) -> None:
        from google.cloud.texttospeech_v1 import types

        config = types.AudioConfig(
            audio_encoding=types.AudioEncoding.LINEAR16, sample_rate_hertz=RATE_HZ, speaking_rate=self._rate(manner)
        )
        if manner.pitch:
            config.pitch = min(max(self._how.pitch_semitones, DEEPEST), HIGHEST)
        request = types.SynthesizeSpeechRequest(
            input=types.SynthesisInput(text=self._text), voice=self._params(), audio_config=config
        )
        answer = await pool.ask(lambda transport: transport.synthesize_speech, request)
        if answer is None:
            raise EngineError("Google sends what cannot be read", retryable=True, engine=NAME)
        await self._hand_on(*_without_header(bytes(answer.audio_content)))

    async def _streamed(self, pool: Pool, manner: Manner) -> None:
        from google.cloud.texttospeech_v1 import types

        config = types.StreamingSynthesizeConfig(
            voice=self._params(),
            streaming_audio_config=types.StreamingAudioConfig(
                audio_encoding=types.AudioEncoding.PCM, sample_rate_hertz=RATE_HZ, speaking_rate=self._rate(manner)
            ),
        )
        opening = types.StreamingSynthesizeRequest(streaming_config=config)
        stream = await pool.stream(lambda transport: transport.streaming_synthesize, (), opening)
        try:
            spoken = types.StreamingSynthesisInput(text=self._text)
            await stream.send(types.StreamingSynthesizeRequest(input=spoken))
            await stream.finish()
            await self._read(stream)
        finally:
            stream.close()

    async def _read(self, stream: Stream) -> None:
        garbage = 0
        while (message := await stream.receive()) is not Stream.END:
            if message is None:
                garbage += 1
                if garbage > MOST_GARBAGE:
                    raise EngineError("Google sends what cannot be read", retryable=True, engine=NAME)
                continue
            pcm, rate_hz = bytes(message.audio_content), RATE_HZ
            if not self.spoke and pcm[:4] == b"RIFF":
                pcm, rate_hz = _without_header(pcm)
            await self._hand_on(pcm, rate_hz)

    async def _hand_on(self, pcm: bytes, rate_hz: int) -> None:
        pcm = self._odd + pcm
        whole = len(pcm) // 2 * 2
        self._odd = pcm[whole:]
        for at in range(0, whole, CHUNK_BYTES):
            self.spoke = True
            await self._out.send(AudioChunk(pcm[at : min(at + CHUNK_BYTES, whole)], rate_hz))

    def _params(self) -> Any:
        from google.cloud.texttospeech_v1 import types

        return types.VoiceSelectionParams(language_code=self._voice.language, name=self._voice.name)

    def _rate(self, manner: Manner) -> float:
        """0 is "not set"."""
        return min(max(self._how.rate, SLOWEST), FASTEST) if manner.rate else 0.0


def _without_header(audio: bytes) -> tuple[bytes, int]:
    """(PCM, rate) of an answer with or without a RIFF header; the header's rate counts."""
    if audio[:4] != b"RIFF":
        return audio, RATE_HZ
    try:
        sound = parse(audio, "Google's audio")
    except WavError as error:
        raise EngineError(str(error), retryable=True, engine=NAME) from error
    return sound.data, sound.rate_hz
