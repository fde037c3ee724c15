"""The recogniser `openai-whisper[:model]`: recordings of utterances, sent as WAV when the speaker pauses.

Made to stand behind a streaming recogniser: it costs a request per pause and answers in about a second. Offsets are
those of the recordings, exact to the sample.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import trio
from trio.abc import ReceiveChannel

from agentd.audio.resample import resample
from agentd.call.streams import produced
from agentd.engines import AudioFormat, Heard, Transcript
from agentd_openai import models
from agentd_openai.client import Client
from agentd_openai.failures import as_engine_errors, garbage
from agentd_openai.manners import Manners, transcription_options
from agentd_openai.phantoms import believable, nothing_to_hear
from agentd_openai.utterances import Job, Utterances

RATE_HZ = 16_000  # what these models are trained on
READ_AHEAD = 16  # transcripts; nobody reading them for so long is a call that is ending
AT_ONCE = 3  # requests of one call: a partial, the pause after it, and the utterance before
MOST_CHARS = 2_000  # of a text: nobody says more in ten seconds


class OpenAISTT:
    """`model`: its name, "" for the default."""

    def __init__(self, client: Client, model: str = "") -> None:
        self._client, self._model = client, model or models.TRANSCRIBE
        self._name = f"openai-whisper:{model}" if model else "openai-whisper"
        self._manners = Manners(self._name)

    def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AbstractAsyncContextManager[ReceiveChannel[Transcript]]:
        """As `STT.listen`; ends when the audio has ended and its last utterance is told. Raises `EngineError` when a
        request fails; a cancel closes all connections at once."""
        return produced(partial(self._listen, audio, fmt, language), READ_AHEAD)

    async def _listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str, out: trio.MemorySendChannel[Transcript]
    ) -> None:
        session = _Session(Utterances(fmt.rate_hz), partial(self._read, fmt.rate_hz, _iso(language)), out)
        async with trio.open_nursery() as nursery:
            async for heard in audio:
                if (job := session.utterances.hear(heard)) is not None:
                    nursery.start_soon(session.ask, job)
                await session.tell()
            if (job := session.utterances.end()) is not None:
                nursery.start_soon(session.ask, job)
            await session.tell()

    async def _read(self, rate_hz: int, language: str, job: Job) -> str:
        if nothing_to_hear(job.pcm, job.voiced_ms, rate_hz):
            return ""
        recording = wav(resample(job.pcm, rate_hz, RATE_HZ))
        needed = {
            "model": self._model,
            "file": ("utterance.wav", recording, "audio/wav"),
            "response_format": "json",
        }
        with as_engine_errors(self._name):
            create: Any = self._client.get().audio.transcriptions.create
            answer = await self._manners.ask(create, needed, transcription_options(self._model, language))
        text = getattr(answer, "text", None)
        if not isinstance(text, str) or len(text) > MOST_CHARS:
            raise garbage("no text", self._name)
        return believable(text, job.pcm, job.voiced_ms, rate_hz)


class _Session:
    """One session's requests and what is told of them."""

    def __init__(
        self, utterances: Utterances, read: Callable[[Job], Awaitable[str]], out: trio.MemorySendChannel[Transcript]
    ) -> None:
        self.utterances, self._read, self._out = utterances, read, out
        self._turn, self._telling = trio.CapacityLimiter(AT_ONCE), trio.Lock()

    async def ask(self, job: Job) -> None:
        async with self._turn:
            if not self.utterances.wanted(job):
                return  # a newer recording of the same utterance has overtaken it in the queue
            self.utterances.answer(job, await self._read(job))
        await self.tell()

    async def tell(self) -> None:
        async with self._telling:  # the order of the texts is that of the utterances, whoever tells them
            for transcript in self.utterances.ready():
                await self._out.send(transcript)


def wav(pcm: bytes, rate_hz: int = RATE_HZ) -> bytes:
    """Mono PCM16 as a WAV file in memory."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(pcm)
    return file.getvalue()


def _iso(language: str) -> str:
    """ "he-IL" -> "he"; the old code of Hebrew as the new one."""
    short = language.partition("-")[0].lower()
    return "he" if short == "iw" else short
