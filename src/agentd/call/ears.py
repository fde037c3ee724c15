"""The one task that listens: messages in, frames judged, everything decided before the next `receive`.

A frame goes: decode -> level -> voice or not -> recogniser's piece -> brain. No thread, no log, no task per frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import trio

from agentd.audio.level import frame_level
from agentd.call.brain import Brain
from agentd.call.careful_vad import CarefulVAD
from agentd.call.recogniser import Recogniser
from agentd.config import Settings
from agentd.core.call_state import State
from agentd.core.media_stream import FRAME_BYTES, FRAME_MS, SILENCE, Digit, Mark, Media, Reader, Stop
from agentd.core.playout import Playout
from agentd.core.voice import VoiceDetector
from agentd.errors import PeerError
from agentd.events import BadInput, Calibrated, Event, WsMedia
from agentd.media import Binary, MediaStream

MAX_GAP_FRAMES = 100  # a hole in the audio is silence, but a wild timestamp must not make hours of it
BAD_MESSAGES, BAD_WINDOW_S = 20, 10.0  # more than this closes with 1008 (RELIABILITY 3)
PATIENCE_STEP_S = 0.25
LATE_S = 0.1
WILD_MS = 10_000  # a timestamp this far off says nothing about what is missing
FLUSH_FRAMES = 60 // FRAME_MS  # the hysteresis of the detector: by then it is a silence


class TooMuchRubbish(Exception):
    """The peer sends more nonsense than a mistake explains."""


class Ears:
    def __init__(
        self,
        settings: Settings,
        media: MediaStream,
        reader: Reader,
        brain: Brain,
        playout: Playout,
        recogniser: Recogniser,
        vad: CarefulVAD | None,
        emit: Callable[[Event], None],
        count_frame: Callable[[bytes], None],
        tick: Callable[[], None],
    ) -> None:
        self._media, self._reader, self._brain, self._playout = media, reader, brain, playout
        self._recogniser, self._vad, self._emit, self._count_frame = recogniser, vad, emit, count_frame
        self._tick = tick
        self._detector = VoiceDetector(settings)
        self._pause_frames = settings.vad_hangover_ms // FRAME_MS
        self._rest = b""
        self._silent = 0
        self._last_ms: int | None = None
        self._bad: deque[float] = deque(maxlen=BAD_MESSAGES + 1)
        self._bad_kinds: dict[str, int] = {}
        self.rx = 0
        self._patience_s = settings.watchdog_media_sec
        self.stopped = False

    async def run(self, patience: trio.CancelScope) -> str:
        """Until the stream is over. Returns why: "stop" (Twilio said so), or "lost". Raises `TooMuchRubbish`.

        Twilio sends 50 frames a second even in silence. `patience` is cancelled when none has come for
        `WATCHDOG_MEDIA_SEC`; it is pushed on no oftener than every quarter of a second, so that it costs nothing.
        """
        patience.deadline = trio.current_time() + self._patience_s
        while not self.stopped and (messages := await self._media.receive()) is not None:
            deadline = trio.current_time() + self._patience_s
            if deadline - patience.deadline > PATIENCE_STEP_S:
                patience.deadline = deadline
            for message in messages:
                self.read(message)
            self._tick()
            if self._playout.stalled(trio.current_time()):  # only now: its marks may have come with this batch
                return "stalled-reader"
        return "stop" if self.stopped else "lost"

    async def anything_there(self) -> bool:
        """After patience ran out: a loop of ours that stood still would look the same. True if messages waited."""
        with trio.move_on_after(LATE_S):
            messages = await self._media.receive()
            for message in messages or ():
                self.read(message)
            return messages is not None
        return False

    def read(self, message: bytes) -> None:
        """One message, whatever it is."""
        if type(message) is Binary:
            return self._reject("binary")
        try:
            said = self._reader.read(message)
        except PeerError as e:
            return self._reject(e.code)
        if type(said) is Media:
            self._audio(said)
        elif type(said) is Mark:
            if not said.name.startswith("hb:"):  # a guard's heartbeat, outside playout accounting
                self._brain.floor.marked(said.name)
        elif type(said) is Digit:
            self._brain.digit(said.digit)
        elif type(said) is Stop:
            self.stopped = True
        return None

    def _audio(self, media: Media) -> None:
        last, self._last_ms = self._last_ms, media.timestamp_ms
        if last is not None:
            ahead_ms = media.timestamp_ms - last
            if -WILD_MS < ahead_ms <= 0:
                self._last_ms = last
                return self._count_bad("timestamp")
            missing = round(ahead_ms / FRAME_MS) - 1
            if abs(ahead_ms) >= WILD_MS:
                self._count_bad("timestamp")
            elif missing > 0 and not self._rest:
                self._count_bad("gap")
                for _ in range(min(missing, MAX_GAP_FRAMES)):
                    self._frame(SILENCE)
        self.rx += 1
        if self.rx % 50 == 0:
            self._emit(WsMedia(rx=self.rx))
        if len(media.payload) == FRAME_BYTES and not self._rest:
            return self._frame(media.payload)
        audio = self._rest + media.payload
        whole = len(audio) - len(audio) % FRAME_BYTES
        for i in range(0, whole, FRAME_BYTES):
            self._frame(audio[i : i + FRAME_BYTES])
            self._last_ms = media.timestamp_ms + i // 8
        self._rest = audio[whole:]
        return None

    def _frame(self, mulaw: bytes) -> None:
        self._count_frame(mulaw)
        speaking = self._brain.state is State.SPEAKING
        detector = self._detector
        probability = self._vad.hear(mulaw) if self._vad is not None else None
        calibrated = detector.calibrated
        level = frame_level(mulaw)
        voiced = detector.hear(
            level,
            echo=self._playout.echo_level(trio.current_time()) if speaking else 0.0,
            agent_speaking=speaking,
            probability=probability,
        )
        voiced = voiced and not self._brain.digits.tone
        if detector.calibrated is not calibrated:
            self._emit(Calibrated(noise=round(detector.noise, 1), threshold=round(detector.threshold, 1)))
        self._recogniser.hear(mulaw, voiced)
        self._silent = 0 if voiced else self._silent + 1
        if self._silent == self._pause_frames:
            self._recogniser.flush(pause=True)
        elif self._silent == FLUSH_FRAMES:
            self._recogniser.flush()
        self._brain.heard(voiced, level, detector.threshold)

    def _reject(self, kind: str) -> None:
        self._count_bad(kind)
        now = trio.current_time()
        self._bad.append(now)
        if len(self._bad) > BAD_MESSAGES and now - self._bad[0] < BAD_WINDOW_S:
            raise TooMuchRubbish

    def _count_bad(self, kind: str) -> None:
        self._bad_kinds[kind] = count = self._bad_kinds.get(kind, 0) + 1
        if count & (count - 1) == 0:  # the 1st, 2nd, 4th, 8th ...: a flood does not flood the tape
            self._emit(BadInput(kind=kind, count=count))
