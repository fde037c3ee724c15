"""One media stream of a simulated call, over a socket and in real time: a frame every 20 ms, to absolute deadlines.

Four tasks: the pump (frames, keys), the writer, the reader (what agentd sends goes into the line), and the echo (marks
when they have played). Frames that agentd is too slow to read are discarded, as Twilio does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count

import trio

from agentd.media import Binary
from agentd.simulator.call_log import CallLog
from agentd.simulator.dialler import CLOSED, LOST, VIOLATION, Ended, Socket
from agentd.simulator.handset import Handset
from agentd.simulator.line import FRAME_S, Line, Taken
from agentd.simulator.track import Track

SLOW_READER = 31930

_QUEUE_FRAMES = 100  # 2 s; what the kernel takes comes on top. Twilio names no figure.
_QUEUE_MESSAGES = 1000  # marks and keys may still pass when frames may not
_HANG_S = 0.35  # a pause in the live display, as in `Track.sounds`
_LEAVE_S = 3.0
_WHY = {CLOSED: "closed by agentd", LOST: "the socket is gone", VIOLATION: "no WebSocket frame"}


class LiveStream:
    """`run` once. `leave`: when set, this end says `stop` and closes. `stops_reading_after_s`: from then on it never
    reads again, as a hung peer."""

    def __init__(
        self,
        log: CallLog,
        line: Line,
        handset: Handset,
        socket: Socket,
        leave: trio.Event,
        *,
        stops_reading_after_s: float = math.inf,
    ) -> None:
        self._log, self._line, self._handset, self._socket, self._leave = log, line, handset, socket, leave
        self._stops_reading_after_s = stops_reading_after_s
        self._out, self._queue = trio.open_memory_channel[bytes | None](_QUEUE_MESSAGES)  # None: close
        self._news = trio.lowlevel.ParkingLot()
        self._watches = (_Watch(log, "caller", log.caller), _Watch(log, "agent", log.agent))
        self._ended: Ended | None = None
        self._scope = trio.CancelScope()

    async def run(self, parameters: Mapping[str, str]) -> Ended | None:
        """From `connected` to the end: how agentd ended it, or None when this end left. Cancel cuts the line."""
        self._out.send_nowait(self._line.connected())
        self._out.send_nowait(self._line.start(parameters))
        self._log.stream_starts_s.append(self._log.now())
        with self._scope:
            async with trio.open_nursery() as nursery:
                for task in (self._pump, self._read, self._echo, self._write, self._await_leave):
                    nursery.start_soon(task)
        now_s = self._log.now()
        self._line.agent.cut(now_s)
        for watch in self._watches:
            watch.look(now_s, over=True)
        return self._ended

    async def _pump(self) -> None:
        begin = trio.current_time()
        begin_s = self._log.now()
        for n in count(1):
            await trio.sleep_until(begin + n * FRAME_S)
            frame = self._handset.next_frame()
            self._log.caller.add(begin_s + (n - 1) * FRAME_S, frame)
            if self._queue.statistics().current_buffer_used < _QUEUE_FRAMES:
                self._offer(self._line.media(frame))
            else:
                self._line.skip()
                self._log.warn(SLOW_READER, "audio discarded: agentd reads too slowly")
            while self._handset.pressed:
                digit = self._handset.pressed.popleft()
                self._log.emit("caller", "presses", digit)
                self._offer(self._line.dtmf(digit))
            for watch in self._watches:
                watch.look(self._log.now())

    async def _write(self) -> None:
        async for message in self._queue:
            if message is None:
                await self._socket.close()
                self._scope.cancel()
                return
            ended = await self._socket.send(message)
            if ended is not None:
                self._end(ended)

    async def _read(self) -> None:
        deaf_at_s = self._log.now() + self._stops_reading_after_s
        while True:
            if self._log.now() >= deaf_at_s:
                self._log.emit("line", "stops reading")
                await trio.sleep_forever()
            message = await self._socket.receive()
            if isinstance(message, Ended):
                self._end(message)
                return
            raw = message.encode() if isinstance(message, str) else Binary(message)
            now_s, warned = self._log.now(), len(self._line.warnings)
            taken = self._line.receive(raw, now_s)
            if taken is not None:
                self._note(taken)
            for warning in self._line.warnings[warned:]:
                self._log.warn(warning.code, warning.why)
            self._news.unpark_all()

    async def _echo(self) -> None:
        while True:
            for message in self._line.due(self._log.now()):
                self._offer(message)
            due_s = self._line.next_due()
            with trio.move_on_after(math.inf if due_s is None else due_s - self._log.now()):
                await self._news.park()

    async def _await_leave(self) -> None:
        await self._leave.wait()
        self._offer(self._line.stop())
        self._offer(None)
        await trio.sleep(_LEAVE_S)  # for an agentd that does not read
        self._scope.cancel()

    def _note(self, taken: Taken) -> None:
        self._log.messages[taken.kind] += 1
        if taken.kind == "mark":
            self._log.marks.append((taken.at_s, taken.name))
        elif taken.kind == "clear":
            dropped_s = 0.0
            if self._line.cleared and self._line.cleared[-1][0] == taken.at_s:
                self._log.cleared.append(self._line.cleared[-1])
                dropped_s = len(self._line.cleared[-1][1]) / 8000
            self._log.emit("agent", "clear", f"{dropped_s:.2f} s dropped")

    def _offer(self, message: bytes | None) -> None:
        try:
            self._out.send_nowait(message)
        except trio.WouldBlock:
            self._log.warn(SLOW_READER, "messages discarded: agentd does not read")

    def _end(self, ended: Ended) -> None:
        if self._ended is None and not self._leave.is_set():
            self._ended = ended
            why = _WHY[ended.code]
            self._log.warn(ended.code, f"{why}, close code {ended.close_code} {ended.reason}".rstrip())
        self._scope.cancel()


class _Watch:
    """Tells the log, while it happens, when a voice begins and ends."""

    def __init__(self, log: CallLog, who: str, track: Track) -> None:
        self._log, self._who, self._track = log, who, track
        self._looked_s = log.now()
        self._last_s: float | None = None

    def look(self, now_s: float, *, over: bool = False) -> None:
        if self._last_s is None:
            begin_s = self._track.first_sound(self._looked_s, now_s)
            if begin_s is not None:
                self._last_s = begin_s
                self._log.emit(self._who, "speaks", at_s=begin_s)
        if self._last_s is not None:
            self._last_s = self._track.last_sound(self._looked_s, now_s) or self._last_s
            if over or now_s - self._last_s >= _HANG_S:
                self._log.emit(self._who, "stops", at_s=self._last_s)
                self._last_s = None
        self._looked_s = now_s
