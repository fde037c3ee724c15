"""The recogniser's side of the ears: audio in 100 ms pieces to the provider's session, its results to the brain.

It hears every frame in every state (SPEC 2.1). A piece is cut short at the first silence, so that the words before it
are not kept waiting, and says at the speculation point that the speaker has paused.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from agentd.audio.agc import Agc
from agentd.audio.conditioning import Conditioner
from agentd.call.intake import Intake
from agentd.call.relay import each
from agentd.call.sample import AudioSample
from agentd.config import Settings
from agentd.core.media_stream import FRAME_BYTES, FRAME_MS
from agentd.engines import STT, AudioFormat, Heard, Transcript
from agentd.errors import EngineError
from agentd.events import AsrErr, AudioDropped, Event

PIECE_BYTES = 5 * FRAME_BYTES  # 100 ms: what Google asks for, and where a call to numpy costs least a frame
QUEUE = 30  # pieces, 3 s: a provider further behind than that loses audio, counted
AGAIN_S = 1.0  # after the whole chain of engines has failed


class Recogniser:
    def __init__(
        self,
        settings: Settings,
        stt: STT,
        language: str,
        words: Callable[[Transcript], None],
        emit: Callable[[Event], None],
        sample: AudioSample | None = None,
    ) -> None:
        self._stt, self._language, self._words, self._emit, self._sample = stt, language, words, emit, sample
        self._conditioner = Conditioner(settings.high_pass_hz, settings.low_pass_hz)
        self._agc = Agc(settings.agc_target_dbfs)
        self._piece = bytearray()
        self._voiced = False
        self._frames = self._lost = 0
        self._closed = False
        self.deaf = False  # no engine works: what the caller says now brings no words
        self._audio = Intake[Heard](QUEUE)

    def hear(self, mulaw: bytes, voiced: bool) -> None:
        """One frame."""
        self._piece += mulaw
        self._voiced |= voiced
        self._frames += 1
        if len(self._piece) >= PIECE_BYTES:
            self.flush()

    def flush(self, *, pause: bool = False) -> None:
        """Send what is there, now; `pause` tells engines that work by utterance to begin."""
        if not self._piece and not pause:
            return
        pcm = self._agc.process(self._conditioner.sound(bytes(self._piece)), voiced=self._voiced)
        heard = Heard(pcm, self._frames * FRAME_MS, self._voiced, pause)
        self._piece.clear()
        self._voiced = False
        if self._sample is not None:
            self._sample.add(pcm)
        try:
            self._audio.put_nowait(heard)
        except trio.WouldBlock:
            self._lost += 1
            if (
                self._lost & (self._lost - 1) == 0
            ):  # the 1st, 2nd, 4th ... piece: a deaf provider does not flood the tape
                self._emit(AudioDropped(ms=self._lost * len(pcm) // (2 * 8)))
        except trio.BrokenResourceError:
            pass  # the call is ending and its session has gone first

    async def run(self) -> None:
        """The provider's session, opened again for as long as the call lives."""
        try:
            while not self._closed:
                try:
                    async with self._audio.reader() as audio:
                        await each(self._stt.listen(audio, AudioFormat(), self._language), self._take)
                except* EngineError as group:
                    self.deaf = True
                    self._emit(AsrErr(error=str(group.exceptions[0])))
                if not self._closed:  # a session that ended by itself is opened again, like one that failed
                    await trio.sleep(AGAIN_S)
        finally:
            self._audio.no_more_readers()

    async def _take(self, transcript: Transcript) -> None:
        self.deaf = False
        self._words(transcript)

    def close(self) -> None:
        self._closed = True
        self._audio.close()
