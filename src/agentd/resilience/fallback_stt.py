"""A recogniser that reconnects, replays and changes engines beside the call (SPEC 4.2).

Two tasks: one feeds the session that is open and keeps the last seconds; one opens session after session. The call
sees a single stream of transcripts, whose offsets are those of the audio, whoever recognised it and when.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial

import trio
from trio.abc import ReceiveChannel

from agentd.call.streams import produced, unwrapped
from agentd.engines import STT, AudioFormat, Heard, Transcript
from agentd.errors import EngineError
from agentd.events import AsrErr
from agentd.resilience.attempt import Course, Emit, Named, Patience, attempt, garbled, hand_on
from agentd.resilience.breaker import OPEN_S

MS_BYTES = 16  # of `Heard.pcm` in a millisecond
CONNECT_S = 2.0  # RELIABILITY 1
REPLAY_S = 3.0  # RELIABILITY 3: "retry in < 500 ms with the last 3 s replayed"
AGAIN_S = 0.25  # before the second session; within those 500 ms
SAME_ENGINE = 2  # sessions without a result before the next engine has its turn
STALLED_S = 4.0  # SPEC 4.2: of voice without a transcript
STALLED_MOST_S = 32.0  # doubled up to this while no engine finds words: music, or a machine that cannot keep up
BEHIND = 100  # pieces (8 to 10 s) that an engine may leave unread; more is a stall too
MOST_TEXT = 2000  # characters: longer than anyone speaks in one utterance
FAIL_BACK_S = OPEN_S  # on a later engine before the first is tried again; doubled each time


class FallbackSTT:
    """An `STT` over a chain, one object per call. Emits `AsrErr` for every failed session and `EngineSwitch`."""

    def __init__(self, chain: Sequence[Named[STT]], emit: Emit) -> None:
        self._course, self._emit = Course("stt", chain, emit), emit
        self._recent: deque[Heard] = deque()  # the last seconds, for the next session
        self._known = _Known()
        self._fail_back_s = FAIL_BACK_S
        self._stalled_s = STALLED_S

    def listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str
    ) -> AbstractAsyncContextManager[ReceiveChannel[Transcript]]:
        """As `STT.listen`. Raises `EngineError` when the whole chain has failed; listened to again, it goes on with
        the audio that it still has."""
        return produced(partial(self._listen, audio, fmt, language))

    async def _listen(
        self, audio: ReceiveChannel[Heard], fmt: AudioFormat, language: str, out: trio.MemorySendChannel[Transcript]
    ) -> None:
        feed = _Feed(self._recent)
        with unwrapped():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(feed.run, audio)
                await self._sessions(feed, fmt, language, out)
                nursery.cancel_scope.cancel(reason="listening is over")

    async def _sessions(
        self, feed: _Feed, fmt: AudioFormat, language: str, out: trio.MemorySendChannel[Transcript]
    ) -> None:
        last: EngineError | None = None
        engines = self._course.engines()
        while (engine := next(engines, None)) is not None:
            self._course.use(engine, last)
            fruitless = 0
            while fruitless < SAME_ENGINE:
                session = _Session(engine, feed, self._known, out, self._way_back(engine), self._stalled_s)
                failure = await self._session(session, engine, fmt, language)
                if failure is None and feed.ended:
                    return
                if failure is None:
                    self._fail_back_s *= 2
                    engines = self._course.engines()
                    break
                self._emit(AsrErr(error=str(failure)))
                last = failure
                await self._keep(out)
                if session.fruitful:
                    fruitless, self._stalled_s = 0, STALLED_S
                fruitless += 1
                await trio.sleep(AGAIN_S)
                if not engine.breaker.allow(trio.current_time()):
                    break
        self._stalled_s = min(2 * self._stalled_s, STALLED_MOST_S)
        raise self._course.exhausted(last)

    async def _session(
        self, session: _Session, engine: Named[STT], fmt: AudioFormat, language: str
    ) -> EngineError | None:
        """Run one session; why it failed, or None when it ended rightly."""
        try:
            await attempt(engine, partial(session.run, fmt, language))
        except EngineError as e:
            return e
        if session.verdict:
            # The call's own judgement, which hold music brings about too: it does not count against the engine.
            engine.breaker.dropped()
            return EngineError(session.verdict, engine=engine.name)
        return None

    async def _keep(self, out: trio.MemorySendChannel[Transcript]) -> None:
        """A partial whose beginning is no longer in the replay stands as final: the next session knows nothing of those
        words, and its first partial would replace them."""
        words, self._known.partial = self._known.partial, None
        if words is None or words.until_ms is None or not self._recent:
            return
        if words.from_ms < self._recent[0].until_ms - len(self._recent[0].pcm) // MS_BYTES:
            await hand_on(out, replace(words, final=True))
            self._known.final_ms = max(self._known.final_ms, words.until_ms)

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

    final_ms: int = 0  # audio up to here has its final text: never replayed
    reached_ms: int = 0  # ... and up to here some text
    partial: Transcript | None = None  # the last one since the last final


class _Feed:
    """The call's audio, on its way to whichever session is open."""

    def __init__(self, recent: deque[Heard]) -> None:
        self.recent = recent
        self.session: _Session | None = None
        self.ended = False

    async def run(self, audio: ReceiveChannel[Heard]) -> None:
        async for heard in audio:
            self.recent.append(heard)
            while heard.until_ms - self.recent[0].until_ms >= REPLAY_S * 1000:
                self.recent.popleft()
            if self.session is not None:
                self.session.hear(heard)
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
        out: trio.MemorySendChannel[Transcript],
        makes_way: Callable[[], bool],
        stalled_s: float,
    ) -> None:
        self._engine, self._feed, self._known, self._out = engine, feed, known, out
        self._makes_way, self._made_way = makes_way, False
        self._began_ms = known.reached_ms
        self.verdict = ""
        self._stalled_ms = stalled_s * 1000
        self._into, self._audio = trio.open_memory_channel[Heard](BEHIND)
        self._judged = trio.CancelScope()
        self._unanswered_ms = 0

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
            self._unanswered_ms += len(heard.pcm) // MS_BYTES
            if self._unanswered_ms >= self._stalled_ms:
                self._judge("voice without a transcript")
        return None

    def hear_no_more(self) -> None:
        self._into.close()

    def _judge(self, verdict: str) -> None:
        self.verdict = verdict
        self._judged.cancel(reason=verdict)

    async def run(self, fmt: AudioFormat, language: str) -> None:
        """Until the audio, the session or our patience ends. Raises `EngineError` when the engine ended it."""
        for heard in self._feed.recent:
            if heard.until_ms > self._known.final_ms:
                self.hear(heard)
        self._unanswered_ms = 0  # an engine that is given three seconds at once may take a moment
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
            patience.wait(CONNECT_S, "connection")
            async with self._engine.engine.listen(self._audio, fmt, language) as transcripts:
                patience.rest()
                async for transcript in transcripts:
                    if not isinstance(transcript, Transcript) or len(transcript.text) > MOST_TEXT:
                        raise EngineError("gave what is no transcript")
                    if garbled(transcript.text):
                        raise EngineError("gave garbage")
                    if not transcript.text.strip():
                        continue
                    self._engine.breaker.succeeded()
                    self._unanswered_ms = 0
                    self._note(transcript)
                    await hand_on(self._out, transcript)
                    if transcript.final and self._makes_way():
                        self._made_way = True
                        return

    def _note(self, transcript: Transcript) -> None:
        until_ms = transcript.until_ms
        if until_ms is None:  # an engine without offsets means all that it has been given
            until_ms = self._feed.recent[-1].until_ms if self._feed.recent else 0
        known = self._known
        known.reached_ms = max(known.reached_ms, until_ms)
        known.partial = None if transcript.final else transcript
        if transcript.final:
            known.final_ms = max(known.final_ms, until_ms)
