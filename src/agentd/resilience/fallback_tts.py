"""A phrase by whichever voice of a chain can speak it, behind the same Protocol (SPEC 4.3).

What a voice gives is checked before it is believed: 16-bit audio of a known rate, the first of it in time, and enough
of it for the text. A voice that breaks off in mid-phrase is followed by the next one, which speaks the phrase from its
beginning: a caller who hears "we have a ta- We have a table at eight" knows what was said, and a tone says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

import trio
from trio.abc import ReceiveChannel

from agentd.call.relay import Give, Relay
from agentd.engines import TTS, AudioChunk, Voice
from agentd.errors import EngineError
from agentd.events import TtsErr
from agentd.resilience.attempt import Course, Emit, Named, Patience, attempt
from agentd.resilience.budgets import (
    TTS_FIRST_AUDIO_S,
    TTS_GAP_S,
    TTS_HOLD_S,
    TTS_LEAST_S_PER_CHAR,
    TTS_RATES_HZ,
)


class FallbackTTS:
    """A `TTS` over a chain, one object per call. Emits `TtsErr` for every failure, and `EngineSwitch` when the audio
    comes from another voice than before."""

    def __init__(self, chain: Sequence[Named[TTS]], emit: Emit, *, first_audio_s: float = TTS_FIRST_AUDIO_S) -> None:
        self._course, self._emit, self._first_audio_s = Course("tts", chain, emit), emit, first_audio_s

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        """As `TTS.speak`. A text without a letter or digit is no audio, and no engine is asked. Raises `EngineError`
        when every voice has failed."""
        return Relay(partial(self._speak, text, voice))

    async def _speak(self, text: str, voice: Voice, give: Give[AudioChunk]) -> None:
        if not any(c.isalnum() for c in text):
            return
        last: EngineError | None = None
        for engine in self._course.engines():
            spoken = _Spoken(self._course, engine, text, voice, give, last)
            try:
                await attempt(engine, partial(spoken.run, self._first_audio_s))
            except EngineError as e:
                last = e
                self._emit(TtsErr(error=str(last)))
            else:
                return
        raise self._course.exhausted(last)


class _Spoken:
    """One phrase by one voice."""

    def __init__(
        self,
        course: Course[TTS],
        engine: Named[TTS],
        text: str,
        voice: Voice,
        give: Give[AudioChunk],
        before: EngineError | None,
    ) -> None:
        self._course, self._engine, self._text, self._voice, self._give = course, engine, text, voice, give
        self._before = before

    async def run(self, first_audio_s: float) -> None:
        least_s = len(self._text) * TTS_LEAST_S_PER_CHAR / max(1.0, self._voice.rate)
        spoken_s = 0.0
        believed_at: float | None = None
        believed = False
        held: list[AudioChunk] = []
        patience = Patience()
        with patience.watched():
            patience.wait(first_audio_s, "audio")
            async with self._engine.engine.speak(self._text, self._voice) as chunks:
                async for chunk in chunks:
                    if not _playable(chunk):
                        raise EngineError("gave what is no 16-bit audio of a known rate")
                    if not chunk.pcm:
                        continue
                    now = trio.current_time()
                    if believed_at is None:
                        believed_at = now + TTS_HOLD_S
                    spoken_s += len(chunk.pcm) / 2 / chunk.rate_hz
                    held.append(chunk)
                    if spoken_s < least_s and now < believed_at:
                        patience.wait(TTS_GAP_S, "further audio")
                        continue
                    if not believed:
                        believed = True
                        self._engine.breaker.succeeded()
                        self._course.use(self._engine, self._before)
                    patience.rest()
                    for ready in held:
                        await self._give(ready)
                    held.clear()
                    patience.wait(TTS_GAP_S, "further audio")
        if spoken_s < least_s:
            raise EngineError(f"{spoken_s:.1f} s of audio for {len(self._text)} characters")


def _playable(chunk: AudioChunk) -> bool:
    return isinstance(chunk, AudioChunk) and len(chunk.pcm) % 2 == 0 and chunk.rate_hz in TTS_RATES_HZ
