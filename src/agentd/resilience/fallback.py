"""The first model and the first voice of a chain that work, behind the same Protocols (SPEC 4.3).

One object per call. It switches engines only while its reader has been given nothing: after that a failure comes out
as `EngineError`, and the reader keeps what it has (the turn speaks up to the last full sentence).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

import trio
from trio.abc import ReceiveChannel

from agentd.call.streams import produced
from agentd.engines import LLM, TTS, AudioChunk, Prompt, Token, ToolCall, Voice
from agentd.errors import EngineError
from agentd.events import LlmErr, TtsErr
from agentd.resilience.attempt import Course, Emit, Named, Patience, attempt, garbled, hand_on

# RELIABILITY 1
LLM_HARD_S = 6.0  # from the question to the first word, over the whole chain
LLM_GAP_S = 2.0  # between two words
TTS_FIRST_AUDIO_S = 1.5
LLM_FIRST_WORD_S = 2.0  # of a model that has a successor: the answer clock's own patience (SPEC 4.4)
LLM_RETRY_S = 0.6  # the same model is asked again only within this (SPEC 4.3)
LLM_RETRY_PAUSE_S = (0.05, 0.15)  # so that calls that failed together do not come back together (a guess)
TTS_GAP_S = 2.0  # in mid-phrase; as for the model (a guess)
# SPEC 4.3: shorter than 20 % of 60 ms a character is no speech
TTS_LEAST_S_PER_CHAR = 0.2 * 0.06
TTS_HOLD_S = 0.08  # a voice this slow to give that much is believed: its first audio waits no longer (a guess)
RATES_HZ = range(8000, 48001)


class FallbackLLM:
    """An `LLM` over a chain. Emits `LlmErr` for every failure and `EngineSwitch` for every change of engine."""

    def __init__(
        self, chain: Sequence[Named[LLM]], emit: Emit, *, jitter: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._course, self._emit, self._jitter = Course("llm", chain, emit), emit, jitter

    def reply(self, prompt: Prompt) -> AbstractAsyncContextManager[ReceiveChannel[Token | ToolCall]]:
        """As `LLM.reply`. Raises `EngineError` when no model has a word within 6 s, or one fails after its first."""
        return produced(partial(self._reply, prompt))

    async def _reply(self, prompt: Prompt, out: trio.MemorySendChannel[Token | ToolCall]) -> None:
        started = trio.current_time()
        last: EngineError | None = None
        for engine in self._course.engines():
            self._course.use(engine, last)
            for again in (False, True):
                if again:
                    await trio.sleep(self._jitter(*LLM_RETRY_PAUSE_S))
                asked = _Asked(engine, prompt, out, started, last_one=engine is self._course.chain[-1])
                try:
                    return await attempt(engine, asked.run)
                except EngineError as e:
                    last = e
                self._emit(LlmErr(error=str(last)))
                waited = trio.current_time() - started
                if asked.given or waited >= LLM_HARD_S:
                    raise last
                in_time = waited + LLM_RETRY_PAUSE_S[1] <= LLM_RETRY_S
                if not (last.retryable and in_time and engine.breaker.allow(trio.current_time())):
                    break
        raise self._course.exhausted(last)


class _Asked:
    """One model asked once. `given`: its reader has something of it."""

    def __init__(
        self,
        engine: Named[LLM],
        prompt: Prompt,
        out: trio.MemorySendChannel[Token | ToolCall],
        started: float,
        last_one: bool,
    ) -> None:
        self._engine, self._prompt, self._out = engine, prompt, out
        hard_s = started + LLM_HARD_S - trio.current_time()
        self._first_word_s = hard_s if last_one else min(hard_s, LLM_FIRST_WORD_S)
        self.given = False

    async def run(self) -> None:
        patience = Patience()
        with patience.watched():
            patience.wait(self._first_word_s, "first word")
            held: list[Token | ToolCall] = []  # blanks before the first word are no reply yet
            async with self._engine.engine.reply(self._prompt) as items:
                async for item in items:
                    held.append(_checked(item))
                    if isinstance(item, Token) and not self.given and not item.text.strip():
                        continue
                    if not self.given:
                        self._engine.breaker.succeeded()
                        self.given = True
                    patience.rest()
                    for ready in held:
                        await hand_on(self._out, ready)
                    held.clear()
                    patience.wait(LLM_GAP_S, "further word")
        if not self.given:
            raise EngineError("an empty reply", retryable=True)


def _checked(item: Token | ToolCall) -> Token | ToolCall:
    if not isinstance(item, Token | ToolCall):
        raise EngineError(f"gave a {type(item).__name__}, which is no part of a reply")
    if isinstance(item, Token) and garbled(item.text):
        raise EngineError("gave garbage")
    return item


class FallbackTTS:
    """A `TTS` over a chain. Emits `TtsErr` for every failure and `EngineSwitch` for every change of engine."""

    def __init__(self, chain: Sequence[Named[TTS]], emit: Emit, *, first_audio_s: float = TTS_FIRST_AUDIO_S) -> None:
        self._course, self._emit, self._first_audio_s = Course("tts", chain, emit), emit, first_audio_s

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        """As `TTS.speak`. A text without a letter or digit is no audio, and no engine is asked. Raises `EngineError`
        when every voice fails, or one after its first audio."""
        return produced(partial(self._speak, text, voice))

    async def _speak(self, text: str, voice: Voice, out: trio.MemorySendChannel[AudioChunk]) -> None:
        if not any(c.isalnum() for c in text):
            return None
        last: EngineError | None = None
        for engine in self._course.engines():
            self._course.use(engine, last)
            spoken = _Spoken(engine, text, voice, out, self._first_audio_s)
            try:
                return await attempt(engine, spoken.run)
            except EngineError as e:
                last = e
            self._emit(TtsErr(error=str(last)))
            if spoken.given:
                raise last
        raise self._course.exhausted(last)


class _Spoken:
    """One phrase by one voice. `given`: its reader has something of it."""

    def __init__(
        self,
        engine: Named[TTS],
        text: str,
        voice: Voice,
        out: trio.MemorySendChannel[AudioChunk],
        first_audio_s: float,
    ) -> None:
        self._engine, self._text, self._voice, self._out = engine, text, voice, out
        self._first_audio_s = first_audio_s
        self.given = False

    async def run(self) -> None:
        least_s = len(self._text) * TTS_LEAST_S_PER_CHAR / max(1.0, self._voice.rate)
        spoken_s = 0.0
        believed_at: float | None = None
        held: list[AudioChunk] = []
        patience = Patience()
        with patience.watched():
            patience.wait(self._first_audio_s, "audio")
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
                    if not self.given:
                        self._engine.breaker.succeeded()
                        self.given = True
                    patience.rest()
                    for ready in held:
                        await hand_on(self._out, ready)
                    held.clear()
                    patience.wait(TTS_GAP_S, "further audio")
        if spoken_s < least_s:
            raise EngineError(f"{spoken_s:.1f} s of audio for {len(self._text)} characters")


def _playable(chunk: AudioChunk) -> bool:
    return isinstance(chunk, AudioChunk) and len(chunk.pcm) % 2 == 0 and chunk.rate_hz in RATES_HZ
