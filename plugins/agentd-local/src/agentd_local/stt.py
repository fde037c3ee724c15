"""The recogniser `local[:model]`: Whisper, utterance by utterance, with partials while the caller speaks.

It hears by `Heard.voiced` and reads at once at `Heard.pause`; offsets are exact media time, so that speculation can
trust them. One inference per call at a time, and the newest wins.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Protocol

import trio
from trio.abc import ReceiveChannel

from agentd.engines import AudioFormat, Heard, Transcript
from agentd.errors import EngineError
from agentd_local.pool import Pool, Threads
from agentd_local.utterances import Utterances

QUEUE = 16  # transcripts; when nobody reads them, listening waits, and the call counts what it loses


class Reader(Protocol):
    """What `whisper.Recogniser` is; tests bring their own."""

    def transcribe(self, pcm: bytes) -> str: ...


class LocalSTT:
    """`languages`: the tags ("en") it understands; empty: it does not mind."""

    def __init__(self, reader: Reader, *, languages: frozenset[str] = frozenset(), pool: Pool | None = None) -> None:
        self._reader, self._languages = reader, languages
        self._pool: Pool = pool if pool is not None else Threads()

    @trio.as_safe_channel
    async def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AsyncGenerator[Transcript, None]:
        """Transcripts of the utterances in `audio`, until it ends and the last of them is read.

        Raises `EngineError` for a language or rate it does not know, and when inference fails.
        Cancel: within one inference.
        """
        if self._languages and language.split("-")[0].lower() not in self._languages:
            known = ", ".join(sorted(self._languages))
            raise EngineError(f"the model understands {known}, not {language}", engine="local")
        if fmt.rate_hz != 8000:
            raise EngineError(f"it wants 8000 Hz, not {fmt.rate_hz}", engine="local")
        call = _Call(self._reader, self._pool, Utterances(fmt.rate_hz))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call.hear, audio)
            nursery.start_soon(call.read)
            async for transcript in call.results:
                yield transcript
            nursery.cancel_scope.cancel()  # after a failure there may be audio left
        if call.failure is not None:  # out here, or the nursery would wrap it
            raise call.failure


class _Call:
    def __init__(self, reader: Reader, pool: Pool, utterances: Utterances) -> None:
        self._reader, self._pool, self._utterances = reader, pool, utterances
        self._into, self.results = trio.open_memory_channel[Transcript](QUEUE)
        self._work, self._wake = trio.open_memory_channel[None](1)
        self.failure: EngineError | None = None

    async def hear(self, audio: ReceiveChannel[Heard]) -> None:
        until_ms = 0
        async with self._work:
            async for heard in audio:
                until_ms = heard.until_ms
                await self._say(self._utterances.hear(heard))
                self._poke()
            await self._say(self._utterances.end(until_ms))
            self._poke()

    async def read(self) -> None:
        async with self._into, self._wake:
            async for _ in self._wake:
                while (job := self._utterances.take()) is not None:
                    try:
                        text = await self._pool.run(self._reader.transcribe, job.pcm)
                    except (RuntimeError, ValueError, MemoryError) as error:  # what ctranslate2 and numpy raise
                        self.failure = EngineError(f"inference failed: {error!r}", retryable=True, engine="local")
                        return
                    await self._say(self._utterances.read(job, text))

    async def _say(self, transcripts: list[Transcript]) -> None:
        for transcript in transcripts:
            await self._into.send(transcript)

    def _poke(self) -> None:
        with suppress(trio.WouldBlock, trio.BrokenResourceError):  # it will look again anyway, or has failed
            self._work.send_nowait(None)
