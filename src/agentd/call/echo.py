"""`WS_MODE=ECHO` (SPEC 2.12): the caller's own audio back, without any engine, to prove the line."""

from __future__ import annotations

import trio

from agentd.call.call import House
from agentd.call.reception import NORMAL, POLICY, Admitted
from agentd.call.tape import Tape
from agentd.core.media_stream import Media, Stop, Writer
from agentd.errors import PeerError
from agentd.events import BadInput, WsDone, WsMedia, WsStart, WsTx
from agentd.facts import CallRecord
from agentd.media import MediaStream

MOST_BAD = 20  # messages; more than a mistake explains


class EchoCall:
    """Ends, and is ended, like any other call; `run` it once."""

    def __init__(self, house: House, media: MediaStream, admitted: Admitted) -> None:
        self._house, self._media = house, media
        self.facts = admitted.facts
        self._reader, self._rest = admitted.reader, admitted.rest
        self._writer = Writer(self.facts.stream_sid)
        self._tape = Tape(self.facts, house.bus, trio.current_time)
        self._life = trio.CancelScope()
        self._reason = ""
        self._bad = 0
        self._stopped = False

    async def run(self) -> None:
        """Until the other end is gone, or silent for `WATCHDOG_MEDIA_SEC`; then closes. Cancel: closes too."""
        settings = self._house.settings
        self._tape.emit(
            WsStart(stream_sid=self.facts.stream_sid, mode="ECHO", caller=self.facts.caller, called=self.facts.called)
        )
        self._life.relative_deadline = settings.max_call_sec
        try:
            with self._life:
                self.end(await self._echo(settings.watchdog_media_sec))
            self._reason = self._reason or "max-length"
        finally:
            self._reason = self._reason or "cancelled"
            frames = self._tape.frame
            self._tape.emit(WsDone(rx=frames, tx=frames, reason=self._reason))
            self._house.ended(CallRecord(self.facts, self._reason, frames, frames, 0, self._tape.age_s()))
            await self._media.aclose(POLICY if self._reason == "rubbish" else NORMAL)

    def finish(self, reason: str) -> None:
        """There is nobody to say goodbye."""
        self.end(reason)

    def end(self, reason: str) -> None:
        if not self._reason:
            self._reason = reason
            self._life.cancel(reason=reason)

    async def _echo(self, patience_s: float) -> str:
        messages: list[bytes] | None = list(self._rest)
        while messages is not None:
            for message in messages:
                self._read(message)
            if self._stopped:
                return "stop"
            if self._bad > MOST_BAD:
                return "rubbish"
            with trio.move_on_after(patience_s) as patience:
                messages = await self._media.receive()
            if patience.cancelled_caught:
                return "no-media"
        return "lost"

    def _read(self, message: bytes) -> None:
        try:
            said = self._reader.read(message)
        except PeerError as error:
            self._bad += 1
            self._tape.emit(BadInput(kind=error.code, count=self._bad))
            return
        if isinstance(said, Media):
            self._tape.frame += 1
            self._media.put(self._writer.media(said.payload), speech=True)
            if self._tape.frame % 50 == 0:
                self._tape.emit(WsMedia(rx=self._tape.frame))
                self._tape.emit(WsTx(tx=self._tape.frame))
        self._stopped |= said is Stop.STOP
