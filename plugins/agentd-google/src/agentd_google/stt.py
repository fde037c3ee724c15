"""The recogniser `google[:model]`: one conversation over as many streams as it takes.

Two tasks a stream: one sends the call's audio, one hands on the results. The stream ends when the call does, when it is
old enough for the next one (`Rotation`), when Google closes it, or when Google refuses what was asked for; in the last
three cases another follows at once and is given the audio that has no final text yet (`unsettled`).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio
from trio.abc import ReceiveChannel

from agentd.call.streams import produced, unwrapped
from agentd.engines import AudioFormat, Heard, Transcript
from agentd.errors import EngineError
from agentd_google.asking import TELEPHONY, Ask
from agentd_google.channels import Pool, Stream
from agentd_google.recognisers import Dialect, Result
from agentd_google.status import NAME, Closed, Refused
from agentd_google.unsettled import Offsets, Piece, Unsettled

CHUNK_MS = 100  # a message; what Google recommends
MOST_GARBAGE = 10  # messages that cannot be read, before the stream is given up
MOST_BARREN = 3  # streams in a row that Google closes young and without a word
YOUNG_S = 10.0

_log = logging.getLogger("agentd.google")


@dataclass(frozen=True, slots=True)
class Rotation:
    """Google ends a stream after 300 s (v2) or 305 s (v1). After `soft_s` the next one is opened as soon as nothing is
    being said, after `hard_s` in mid-word."""

    soft_s: float = 240.0
    hard_s: float = 270.0

    def due(self, age_s: float, quiet: bool) -> bool:
        return age_s >= self.hard_s or (quiet and age_s >= self.soft_s)


class GoogleSTT:
    """`model` "" leaves it to Google. What one call has found that Google does without, no call asks for again."""

    def __init__(
        self,
        pool: Pool,
        dialect: Dialect,
        *,
        model: str = TELEPHONY,
        hints: tuple[str, ...] = (),
        rotation: Rotation | None = None,
    ) -> None:
        self.pool, self.dialect = pool, dialect
        self.rotation = rotation if rotation is not None else Rotation()
        self._model, self._hints = model, hints
        self._asks: dict[str, Ask] = {}

    @asynccontextmanager
    async def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AsyncIterator[ReceiveChannel[Transcript]]:
        """As `STT.listen`: connected when entered. Raises `EngineError` (retryable or not, by Google's status).
        Audio is taken no faster than Google takes it, results no faster than they are read. Leaving or a cancel closes
        the stream at Google's."""
        if fmt.rate_hz % 1000 or not 8000 <= fmt.rate_hz <= 48000:
            raise EngineError(f"it wants 8 to 48 kHz, in whole kHz, not {fmt.rate_hz} Hz", engine=NAME)
        conversation = _Conversation(self, audio, fmt.rate_hz, language)
        try:
            await conversation.open()
            async with produced(conversation.run) as transcripts:
                yield transcripts
        finally:
            conversation.close()

    def ask(self, language: str) -> Ask:
        """What to ask for, as far as is known."""
        return self._asks.setdefault(language, Ask(language, self._model, self._hints))

    def learn(self, language: str, ask: Ask, refusals: list[str]) -> None:
        """`ask` has worked, after `refusals` of more: every later call begins with it."""
        if refusals and self.ask(language) != ask:
            self._asks[language] = ask
            _log.warning("Google refuses %s", "; ".join(refusals))


class _Conversation:
    """One `listen`."""

    def __init__(self, engine: GoogleSTT, audio: ReceiveChannel[Heard], rate_hz: int, language: str) -> None:
        self._engine, self._audio, self._rate_hz, self._language = engine, audio, rate_hz, language
        self._chunk_bytes = CHUNK_MS * rate_hz * 2 // 1000
        self._unsettled = Unsettled(rate_hz)
        self._stream: Stream | None = None
        self._ask = engine.ask(language)
        self._refusals: list[str] = []
        self._barren = 0
        self._begin()

    def _begin(self) -> None:
        self._offsets = Offsets(self._rate_hz)
        self._opened_s = trio.current_time()
        self._next = trio.CancelScope()  # cancelled when another stream shall follow this one
        self._answered = self._all_sent = False

    async def open(self) -> None:
        self._begin()
        dialect = self._engine.dialect
        opening = dialect.opening(self._ask, self._rate_hz)
        self._stream = await self._engine.pool.stream(dialect.method, dialect.metadata, opening)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    async def run(self, out: trio.MemorySendChannel[Transcript]) -> None:
        while not await self._to_the_end(out):
            self.close()
            await self.open()

    async def _to_the_end(self, out: trio.MemorySendChannel[Transcript]) -> bool:
        """Use the stream that is open. True: the call's audio is over, and so are its results."""
        assert self._stream is not None
        try:
            with self._next, unwrapped():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._send, self._stream)
                    await self._receive(self._stream, out)
                    nursery.cancel_scope.cancel(reason="Google has closed the stream")
        except Refused as refusal:
            self._ask_less(refusal)
            return False
        except Closed as closed:
            self._bear(closed)
            return False
        if self._next.cancelled_caught:
            return False
        if not self._all_sent:
            self._bear(EngineError("Google ends stream after stream", retryable=True, engine=NAME))
        return self._all_sent

    def _ask_less(self, refusal: Refused) -> None:
        """Google has refused what the stream was opened with. Raises that when there is nothing to do without."""
        less = self._ask.less(refusal.details)
        if self._answered or less is None:
            raise refusal
        self._ask, given_up = less
        self._refusals.append(f"{given_up} ({refusal.details})")

    def _bear(self, closed: EngineError) -> None:
        """Google has closed the stream early: go on, unless it does nothing else."""
        barren = not self._answered and self._age_s() < YOUNG_S
        self._barren = self._barren + 1 if barren else 0
        if self._barren >= MOST_BARREN:
            raise closed

    async def _send(self, stream: Stream) -> None:
        for piece in self._unsettled:
            if not await self._give(stream, piece):
                return
        async for heard in self._audio:
            fresh = self._unsettled.hear(heard)
            if fresh is not None and not await self._give(stream, fresh):
                return
            self._rotate_if_due()
        self._all_sent = True
        await stream.finish()

    async def _give(self, stream: Stream, piece: Piece) -> bool:
        """False when the stream has ended; what was not heard then stays unsettled, for the next one."""
        self._offsets.sent(piece)
        for at in range(0, len(piece.pcm), self._chunk_bytes):
            if not await stream.send(self._engine.dialect.audio(piece.pcm[at : at + self._chunk_bytes])):
                return False
        return True

    async def _receive(self, stream: Stream, out: trio.MemorySendChannel[Transcript]) -> None:
        garbage = 0
        while (message := await stream.receive()) is not Stream.END:
            if message is None:
                garbage += 1
                if garbage > MOST_GARBAGE:
                    raise EngineError("Google sends what cannot be read", retryable=True, engine=NAME)
                continue
            for result in self._engine.dialect.results(message):
                if not self._answered:
                    self._answered = True
                    self._engine.learn(self._language, self._ask, self._refusals)
                await self._hand_on(result, out)

    async def _hand_on(self, result: Result, out: trio.MemorySendChannel[Transcript]) -> None:
        until_ms = self._offsets.media_ms(result.end_ms) if result.end_ms else None
        if until_ms is not None and until_ms <= self._unsettled.settled_ms:
            return  # said before
        if result.text:
            reach_ms = until_ms if until_ms is not None else self._offsets.until_ms
            from_ms = min(self._unsettled.from_ms, reach_ms)
            if not result.final:
                self._unsettled.words_open()
            await out.send(Transcript(result.text, result.final, until_ms, from_ms))
        if result.final:  # only now: a final that was not handed on would be lost to the next stream
            self._unsettled.settle(until_ms if until_ms is not None else self._offsets.until_ms)
            self._rotate_if_due()

    def _rotate_if_due(self) -> None:
        if self._engine.rotation.due(self._age_s(), self._unsettled.quiet):
            self._next.cancel(reason="the stream is old enough")

    def _age_s(self) -> float:
        """By the clock, or by the audio where that ran faster: Google counts one or the other."""
        return max(trio.current_time() - self._opened_s, self._offsets.sent_ms / 1000)
