"""The playbook's phrases, synthesised before a call needs them: greetings, fillers, prompts (SPEC 3.4)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AbstractAsyncContextManager

import trio
from trio.abc import ReceiveChannel

from agentd.audio.mulaw import decode, encode
from agentd.audio.resample import Resampler
from agentd.engines import TTS, AudioChunk, Voice
from agentd.errors import EngineError

LINE_HZ = 8000
AT_ONCE = 2  # syntheses beside each other at start: a local voice has no more cores to spare
CHUNK_BYTES = 2 * LINE_HZ  # one second of PCM: a whole phrase must not be handed on in one step


class PhraseBank:
    """Mu-law audio in memory, by text and voice. `voice` is the one that `fill` speaks with and `get` assumes."""

    def __init__(self, tts: TTS, voice: Voice) -> None:
        self._tts, self._voice = tts, voice
        self._audio: dict[tuple[str, Voice], bytes] = {}

    async def fill(
        self, texts: Iterable[str], progress: Callable[[int, int], None] | None = None
    ) -> dict[str, EngineError]:
        """Synthesise what is not there yet, two at a time; `progress(done, all)` after each. Returns the texts that
        no engine could speak: calls will try them again. A cancel keeps what is complete."""
        missing = [t for t in dict.fromkeys(texts) if (t, self._voice) not in self._audio]
        failed: dict[str, EngineError] = {}
        slots = trio.Semaphore(AT_ONCE)
        done = 0

        async def one(text: str) -> None:
            nonlocal done
            async with slots:
                try:
                    self._audio[text, self._voice] = await self._synthesise(text)
                except EngineError as e:
                    failed[text] = e
            done += 1
            if progress is not None:
                progress(done, len(missing))

        async with trio.open_nursery() as nursery:
            for text in missing:
                nursery.start_soon(one, text)
        return failed

    def get(self, text: str, voice: Voice | None = None) -> bytes | None:
        """The mu-law audio of a phrase, or None when the bank has not got it in this voice."""
        return self._audio.get((text, voice or self._voice))

    async def _synthesise(self, text: str) -> bytes:
        pcm = bytearray()
        resampler: Resampler | None = None
        async with self._tts.speak(text, self._voice) as chunks:
            async for chunk in chunks:
                if chunk.rate_hz == LINE_HZ:
                    pcm += chunk.pcm
                    continue
                resampler = resampler or Resampler(chunk.rate_hz, LINE_HZ)
                pcm += resampler.process(chunk.pcm)
        if resampler is not None:
            pcm += resampler.finish()
        return encode(bytes(pcm))


class CachedTTS:
    """A `TTS` that has the bank's phrases at once, and asks another for the rest."""

    def __init__(self, tts: TTS, bank: PhraseBank) -> None:
        self._tts, self._bank = tts, bank

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        """As `TTS.speak`; a phrase of the bank never fails."""
        mulaw = self._bank.get(text, voice)
        return self._tts.speak(text, voice) if mulaw is None else _from_memory(decode(mulaw))


@trio.as_safe_channel
async def _from_memory(pcm: bytes) -> AsyncGenerator[AudioChunk, None]:
    for at in range(0, len(pcm), CHUNK_BYTES):
        yield AudioChunk(pcm[at : at + CHUNK_BYTES], LINE_HZ)
