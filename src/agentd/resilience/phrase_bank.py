"""The playbook's phrases, synthesised before a call needs them: greetings, fillers, prompts (SPEC 3.4).

In memory, and in a `PhraseStore` on disk if there is one. For each phrase the voices are asked in the order of the
chain, disk before synthesis each: what a fallback voice had to say on a bad day is said by the first one again at the
next start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial

import trio
from trio.abc import ReceiveChannel

from agentd.audio.line import LINE_HZ, ToLine
from agentd.audio.mulaw import decode
from agentd.call.relay import Give, Relay
from agentd.core.spoken import spoken
from agentd.engines import TTS, AudioChunk, Voice
from agentd.errors import EngineError
from agentd.resilience.phrase_store import PhraseStore

AT_ONCE = 2  # syntheses beside each other at start: a local voice has no more cores to spare
PIECE_BYTES = LINE_HZ // 4  # mu-law, 250 ms: a whole phrase as PCM is 30 kB or more for each call that speaks it


class PhraseBank:
    """Mu-law audio by text and voice. `voices`: engines by their name in the settings, in order of preference; `voice`
    is how they speak for `fill`, and what `get` assumes. Without a `store` nothing survives."""

    def __init__(self, voices: Mapping[str, TTS], voice: Voice, store: PhraseStore | None = None) -> None:
        self._voices, self._voice, self._store = dict(voices), voice, store
        self._audio: dict[tuple[str, Voice], bytes] = {}

    async def fill(
        self, texts: Iterable[str], progress: Callable[[int, int], None] | None = None
    ) -> dict[str, EngineError]:
        """Get what is not there yet, two at a time; `progress(done, all)` after each. Returns the texts that no engine
        could speak: calls will try them again. A cancel keeps what is complete."""
        missing = [t for t in dict.fromkeys(texts) if (t, self._voice) not in self._audio]
        failed: dict[str, EngineError] = {}
        slots = trio.Semaphore(AT_ONCE)
        done = 0

        async def one(text: str) -> None:
            nonlocal done
            async with slots:
                try:
                    self._audio[text, self._voice] = await self._obtain(text)
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

    async def warm(self) -> dict[str, EngineError]:
        """Let every voice say the shortest phrase, past all caches: connections are open and models loaded when the
        next caller comes. Returns those that failed."""
        failed: dict[str, EngineError] = {}
        text = min((t for t, voice in self._audio if voice == self._voice), key=len, default="")
        for name, tts in self._voices.items():
            try:
                await self._synthesise(tts, text)
            except EngineError as e:
                failed[name] = e
        return failed

    async def _obtain(self, text: str) -> bytes:
        last: EngineError | None = None
        words = spoken(text, self._voice.language)  # on disk by what was said: those rules may change between starts
        for name, tts in self._voices.items():
            if self._store is not None and (kept := await self._store.get(words, self._voice, name)) is not None:
                return kept
            try:
                mulaw = await self._synthesise(tts, text)
            except EngineError as e:
                last = e
                continue
            if self._store is not None:
                await self._store.put(words, self._voice, name, mulaw)
            return mulaw
        raise last or EngineError("there is no voice")

    async def _synthesise(self, tts: TTS, text: str) -> bytes:
        mulaw, to_line = bytearray(), ToLine()
        async with tts.speak(text, self._voice) as chunks:
            async for chunk in chunks:
                mulaw += to_line.feed(chunk.pcm, chunk.rate_hz)
        return bytes(mulaw + to_line.finish())


class CachedTTS:
    """A `TTS` that has the bank's phrases at once, and asks another for the rest."""

    def __init__(self, tts: TTS, bank: PhraseBank) -> None:
        self._tts, self._bank = tts, bank

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        """As `TTS.speak`; a phrase of the bank never fails."""
        mulaw = self._bank.get(text, voice)
        return self._tts.speak(text, voice) if mulaw is None else Relay(partial(_from_memory, mulaw))


async def keep_warm(bank: PhraseBank, every_s: float, idle: Callable[[], bool], tell: Callable[[str], None]) -> None:
    """A task of the house: warm the voices every `every_s`, if nobody is on the line then. Runs until cancelled;
    failures are told and nothing more."""
    while True:
        await trio.sleep(every_s)
        if idle():
            for name, error in (await bank.warm()).items():
                tell(f"{name} could not be kept warm: {error}")


async def _from_memory(mulaw: bytes, give: Give[AudioChunk]) -> None:
    for at in range(0, len(mulaw), PIECE_BYTES):
        await give(AudioChunk(decode(mulaw[at : at + PIECE_BYTES]), LINE_HZ))
