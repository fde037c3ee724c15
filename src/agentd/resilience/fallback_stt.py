"""A recogniser that reconnects, replays and changes engines beside the call (SPEC 4.2).

One task opens session after session; the call's audio is poured into the one that is open, and its last seconds are
kept. Another task asks another engine when an utterance brought no words at all (`second_opinion`). The call sees a
single stream of transcripts, whose offsets are those of the audio, whoever recognised it and when.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial

import trio
from trio.abc import ReceiveChannel

from agentd.call.intake import poured
from agentd.call.relay import Give, Relay
from agentd.call.streams import unwrapped
from agentd.engines import STT, AudioFormat, Heard, Transcript
from agentd.errors import EngineError
from agentd.events import AsrErr
from agentd.resilience.attempt import Course, Emit, Named, Patience, attempt, garbled
from agentd.resilience.budgets import (
    STT_AGAIN_S,
    STT_ALONE_S,
    STT_BEHIND,
    STT_CONNECT_S,
    STT_DEAF_S,
    STT_DOUBT_MS,
    STT_FAIL_BACK_S,
    STT_MOST_TEXT,
    STT_SAME_ENGINE,
    STT_SECOND_OPINION_S,
    STT_STALLED_MOST_S,
    STT_STALLED_S,
    STT_UNHEARD_MS,
)
from agentd.resilience.kept import Kept, Replay
from agentd.resilience.second_opinion import Unheard, transcribe

Jitter = Callable[[float, float], float]
PCM_MS_BYTES = 16  # of `Heard.pcm` in a millisecond


class FallbackSTT:
    """An `STT` over a chain, one object per call. Emits `AsrErr` for every failed session and `EngineSwitch`.
    `jitter(low, high)`: seconds to wait before the next session."""

    def __init__(self, chain: Sequence[Named[STT]], emit: Emit, *, jitter: Jitter = random.uniform) -> None:
        self._course, self._emit, self._jitter = Course("stt", chain, emit), emit, jitter
        self._recent = Replay()
        self._giving = trio.Lock()  # a session and a second opinion may find words at the same time
        self._unheard = Unheard()
        self._asking: trio.CancelScope | None = None  # a second opinion
        self._known = _Known()
        self._fail_back_s = STT_FAIL_BACK_S
        self._stalled_s = STT_STALLED_S

    def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AbstractAsyncContextManager[ReceiveChannel[Transcript]]:
        """As `STT.listen`. Raises `EngineError` when the whole chain has failed; listened to again, it goes on with
        the audio that it still has."""
        return Relay(partial(self._listen, audio, fmt, language))

    async def _listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str, reader: Give[Transcript]
    ) -> None:
        async def give(transcript: Transcript) -> None:
            async with self._giving:
                await reader(transcript)

        with unwrapped():
            async with trio.open_nursery() as nursery:

                def doubt(kept: list[Kept]) -> None:
                    if self._asking is None:
                        self._asking = trio.CancelScope()
                        nursery.start_soon(self._second_opinion, feed, self._asking, kept, fmt, language, give)

                feed = _Feed(self._recent, self._unheard, doubt)
                with poured(audio, feed.hear, feed.end, nursery):
                    await self._sessions(feed, fmt, language, give)
                nursery.cancel_scope.cancel(reason="listening is over")

    async def _sessions(self, feed: _Feed, fmt: AudioFormat, language: str, give: Give[Transcript]) -> None:
        last: EngineError | None = None
        engines = self._course.engines()
        if not any(named.breaker.ready(trio.current_time()) for named in self._course.chain):
            # Breakers spare a caller the wait for what will fail. Nobody waits here, and a call without ears is lost.
            await trio.sleep(STT_DEAF_S)
            engines = iter(self._course.chain[:1])
        while (engine := next(engines, None)) is not None:
            self._course.use(engine, last)
            fruitless = 0
            while fruitless < STT_SAME_ENGINE:
                session = _Session(
                    engine, feed, self._known, self._from_session(give), self._way_back(engine), self._stalled_s
                )
                failure = await self._session(session, engine, fmt, language)
                if failure is None and feed.ended:
                    return
                if failure is None:
                    self._fail_back_s *= 2
                    engines = self._course.engines()
                    break
                self._emit(AsrErr(error=str(failure)))
                last = failure
                await self._keep(give)
                if session.fruitful:
                    fruitless, self._stalled_s = 0, STT_STALLED_S
                fruitless += 1
                if session.overruled_by not in (None, engine):
                    engines = self._course.engines(session.overruled_by)
                    break
                await trio.sleep(self._jitter(*STT_AGAIN_S))
                if not engine.breaker.allow(trio.current_time()):
                    break
        self._stalled_s = min(2 * self._stalled_s, STT_STALLED_MOST_S)
        raise self._course.exhausted(last)

    async def _session(
        self, session: _Session, engine: Named[STT], fmt: AudioFormat, language: str
    ) -> EngineError | None:
        """Run one session; why it failed, or None when it ended rightly."""
        try:
            await attempt(engine, partial(session.run, fmt, language))
        except EngineError as e:
            return e
        if not session.verdict:
            return None
        if session.overruled_by is not None:
            engine.breaker.failed(trio.current_time())
        else:  # the call's own judgement, which hold music brings about too: it does not count against the engine
            engine.breaker.dropped()
        return EngineError(session.verdict, engine=engine.name)

    async def _second_opinion(
        self,
        feed: _Feed,
        asking: trio.CancelScope,
        kept: list[Kept],
        fmt: AudioFormat,
        language: str,
        give: Give[Transcript],
    ) -> None:
        """Another engine, beside the session, for an utterance that brought no words."""
        try:
            with asking, trio.move_on_after(STT_SECOND_OPINION_S):
                if (engine := self._course.other(trio.current_time())) is None:
                    return None
                words: Transcript | None = None
                if len(self._course.chain) == 1:
                    await trio.sleep(STT_ALONE_S)

                async def ask() -> None:
                    nonlocal words
                    words = await transcribe(engine.engine, kept, fmt, language)

                try:
                    await attempt(engine, ask)
                except EngineError as e:
                    return self._emit(AsrErr(error=str(e)))
                self._unheard.forget()
                if words is None:
                    return engine.breaker.dropped()
                engine.breaker.succeeded()
                if feed.session is not None:
                    feed.session.overrule(engine)
                self._final(words)
                await give(words)
        finally:
            self._asking = None

    def _from_session(self, give: Give[Transcript]) -> Callable[[Transcript, int], Awaitable[None]]:
        async def note(transcript: Transcript, until_ms: int) -> None:
            if self._unheard.words(until_ms) and self._asking is not None:
                self._asking.cancel(reason="the words have come")
            if transcript.final:
                self._recent.final(until_ms)
            await give(transcript)

        return note

    async def _keep(self, give: Give[Transcript]) -> None:
        """A partial whose beginning is no longer in the replay stands as final: the next session knows nothing of those
        words, and its first partial would replace them."""
        words, self._known.partial = self._known.partial, None
        if words is not None and words.until_ms is not None and words.from_ms < self._recent.cut_ms:
            await give(replace(words, final=True))
            self._final(words)

    def _final(self, words: Transcript) -> None:
        until_ms = words.until_ms or 0
        self._known.reached_ms = max(self._known.reached_ms, until_ms)
        self._recent.final(until_ms)

    def _way_back(self, engine: Named[STT]) -> Callable[[], bool]:
        """Tells a session with `engine` whether it should make way for the first one."""
        first, at = self._course.chain[0], trio.current_time() + self._fail_back_s

        def due() -> bool:
            now = trio.current_time()
            return engine is not first and now >= at and first.breaker.ready(now)

        return due


@dataclass(slots=True)
class _Known:
    """What is known of the call's words, whoever recognised them. Times are media time."""

    reached_ms: int = 0  # audio up to here has some text
    partial: Transcript | None = None  # the last one since the last final


class _Feed:
    """The call's audio, on its way to whichever session is open."""

    def __init__(self, recent: Replay, unheard: Unheard, doubt: Callable[[list[Kept]], None]) -> None:
        self.recent, self._unheard, self._doubt = recent, unheard, doubt
        self.session: _Session | None = None
        self.ended = False

    def hear(self, heard: Heard) -> None:
        """One piece."""
        piece = Kept.of(heard)
        self.recent.hear(piece)
        if self.session is not None:
            self.session.hear(heard)
        if (kept := self._unheard.hear(piece)) is not None:
            self._doubt(kept)

    def end(self) -> None:
        """There is no more."""
        self.ended = True
        if self.session is not None:
            self.session.hear_no_more()


class _Session:
    """One `listen` of one engine. `verdict`: why the call gave it up, if it did."""

    def __init__(
        self,
        engine: Named[STT],
        feed: _Feed,
        known: _Known,
        give: Callable[[Transcript, int], Awaitable[None]],
        makes_way: Callable[[], bool],
        stalled_s: float,
    ) -> None:
        self._engine, self._feed, self._known, self._give = engine, feed, known, give
        self._makes_way, self._made_way = makes_way, False
        self._began_ms = known.reached_ms
        self.verdict = ""
        self.overruled_by: Named[STT] | None = None
        self._stalled_ms = stalled_s * 1000
        self._into, self._audio = trio.open_memory_channel[Heard](STT_BEHIND)
        self._judged = trio.CancelScope()
        self._unanswered_ms = self._stretch_ms = self._silent_ms = (
            0  # voice since the last words, and in the last stretch
        )

    @property
    def fruitful(self) -> bool:
        """Did it recognise what no session before it had reached? Audio that kills an engine is replayed to it."""
        return self._known.reached_ms > self._began_ms

    def hear(self, heard: Heard) -> None:
        """One piece. Judges the session; never waits."""
        try:
            self._into.send_nowait(heard)
        except trio.WouldBlock:
            return self._judge("reads no audio")
        except trio.BrokenResourceError:
            return None  # the engine has closed its ear and is about to say why
        if heard.voiced:
            self._stretch_ms, self._silent_ms = self._stretch_ms + _length_ms(heard), 0
            if self._unanswered_ms + self._stretch_ms >= self._stalled_ms:
                self._judge("voice without a transcript")
            return None
        self._silent_ms += _length_ms(heard)
        if self._silent_ms >= STT_DOUBT_MS:  # a stretch shorter than any sentence was a cough: no number of them counts
            self._unanswered_ms += self._stretch_ms if self._stretch_ms >= STT_UNHEARD_MS else 0
            self._stretch_ms = 0
        return None

    def _answered(self) -> None:
        self._unanswered_ms = self._stretch_ms = 0

    def hear_no_more(self) -> None:
        self._into.close()

    def overrule(self, other: Named[STT]) -> None:
        """`other` has found words where this session found none."""
        self.overruled_by = other
        self._judge("no words where there were some")

    def _judge(self, verdict: str) -> None:
        self.verdict = verdict
        self._judged.cancel(reason=verdict)

    async def run(self, fmt: AudioFormat, language: str) -> None:
        """Until the audio, the session or our patience ends. Raises `EngineError` when the engine ended it."""
        for piece in self._feed.recent:
            self.hear(piece.heard)
        self._answered()  # an engine that is given three seconds at once may take a moment
        self._feed.session = self
        try:
            with self._judged:
                if self._feed.ended:
                    self.hear_no_more()
                await self._read(fmt, language)
        finally:
            self._feed.session = None
            self._into.close()
        if not (self._feed.ended or self._made_way or self.verdict):
            raise EngineError("ended in mid-call", retryable=True)

    async def _read(self, fmt: AudioFormat, language: str) -> None:
        patience = Patience()
        with patience.watched():
            patience.wait(STT_CONNECT_S, "connection")
            async with self._engine.engine.listen(self._audio, fmt, language) as transcripts:
                patience.rest()
                async for transcript in transcripts:
                    if not isinstance(transcript, Transcript) or len(transcript.text) > STT_MOST_TEXT:
                        raise EngineError("gave what is no transcript")
                    if garbled(transcript.text):
                        raise EngineError("gave garbage")
                    if not transcript.text.strip():
                        continue
                    self._engine.breaker.succeeded()
                    self._answered()
                    await self._give(transcript, self._note(transcript))
                    if transcript.final and self._makes_way():
                        self._made_way = True
                        return

    def _note(self, transcript: Transcript) -> int:
        """Remember it; the media time that it rests on."""
        until_ms = transcript.until_ms
        if until_ms is None:  # an engine without offsets means all that it has been given
            until_ms = self._feed.recent.until_ms
        known = self._known
        known.reached_ms = max(known.reached_ms, until_ms)
        known.partial = None if transcript.final else transcript
        return until_ms


def _length_ms(heard: Heard) -> int:
    return len(heard.pcm) // PCM_MS_BYTES
