"""Twilio in memory, for plays in virtual time: the call under test gets `.media`, the play gets everything else.

It drives itself: the marks that have fallen due are handed over by `media.receive()`, which wakes up for them. So there
is no task to start, nothing to stop, no thread, and the only clock is trio's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import trio

from agentd.media import Binary
from agentd.simulator.line import FRAME_S, Line, Taken, Warned
from agentd.simulator.track import Track

SLOW_READER = 31930
OUR_CLOSE = 31921

_INBOX_LIMIT = 500  # messages, 10 s of audio: then the reader counts as too slow (Twilio names no figure)
_KERNEL_BYTES = 200_000  # what a stalled reader's socket swallows before `flush` waits: about 17 s of speech as JSON


@dataclass(frozen=True, slots=True)
class Sent(Taken):
    """One message that agentd sent and Twilio understood; `at_s` on the play's clock (`FakeTwilio.now()`)."""


class FakeTwilio:
    """One media stream. Times are seconds since this object was made, which is when the play began.

    `sent`: what agentd sent, in order (a message refused by the schema is in `warnings` instead). `warnings`: error
    codes as Twilio's debugger shows them (31950, 31951, 31930, 31921). `close_code`: how agentd closed, None until
    then. `caller`, `agent`: what each side of the call heard of the other.
    """

    def __init__(self, *, seed: int = 0, call_sid: str = "", stream_sid: str = "", account_sid: str = "") -> None:
        self._origin = trio.current_time()
        self.line = Line(seed, call_sid, stream_sid, account_sid)
        self.caller = Track()
        self.sent: list[Sent] = []
        self.close_code: int | None = None
        self.media = InMemoryMedia(self)
        self._inbox: deque[bytes] = deque()
        self._gone = False
        self._news = trio.lowlevel.ParkingLot()
        self._stalled = False
        self._kernel: deque[bytes] = deque()
        self._kernel_bytes = 0
        self._unsent: deque[tuple[bytes, bool]] = deque()
        self._room = trio.lowlevel.ParkingLot()

    @property
    def agent(self) -> Track:
        """What the caller really heard of the agent, cut where a `clear` cut it."""
        return self.line.agent

    @property
    def warnings(self) -> list[Warned]:
        return self.line.warnings

    @property
    def codes(self) -> list[int]:
        """The error codes alone, in order."""
        return [w.code for w in self.warnings]

    @property
    def gone(self) -> bool:
        """The stream has ended, whoever ended it."""
        return self._gone

    def now(self) -> float:
        return trio.current_time() - self._origin

    # --- what Twilio does

    def start(self, **parameters: str) -> None:
        """`connected` and `start`, with the TwiML's parameters."""
        self._arrive(self.line.connected())
        self._arrive(self.line.start(parameters))

    def frames(self, batch: Sequence[bytes]) -> None:
        """Frames of 20 ms of the caller, the last one ending now. Discarded, as Twilio does (31930), when agentd does
        not read."""
        self.caller.add(self.now() - len(batch) * FRAME_S, b"".join(batch))
        for mulaw in batch:
            if len(self._inbox) < _INBOX_LIMIT:
                self._arrive(self.line.media(mulaw))
            else:
                self.line.skip()
                self._warn(SLOW_READER, "audio discarded: agentd reads too slowly")

    def press(self, digit: str) -> None:
        """Twilio has recognised a key."""
        self._arrive(self.line.dtmf(digit))

    def send_raw(self, message: bytes) -> None:
        """Anything at all, past every rule; wrap it in `Binary` for a binary message."""
        self._arrive(message)

    def stop(self) -> None:
        """The `stop` message alone; the socket stays open."""
        self._arrive(self.line.stop())

    def hang_up(self) -> None:
        """The caller hangs up: `stop`, then the socket is closed."""
        self.stop()
        self.vanish()

    def vanish(self) -> None:
        """The socket is gone without a word. What has arrived can still be read."""
        self._gone = True
        self.agent.cut(self.now())
        self._news.unpark_all()
        self._room.unpark_all()

    def stall(self) -> None:
        """Stop reading what agentd sends, as a hung peer does: the kernel takes 200 kB, then `flush` waits."""
        self._stalled = True

    def resume_reading(self) -> None:
        """Read again, first all that was swallowed meanwhile, at once."""
        self._stalled = False
        while self._kernel:
            self._read(self._kernel.popleft())
        self._kernel_bytes = 0
        while self._unsent and not self._stalled:
            self._read(self._unsent.popleft()[0])
        self._room.unpark_all()

    def audible(self, from_s: float, until_s: float) -> bool:
        """Could the caller hear the agent at any moment between the two times?"""
        return self.agent.first_sound(from_s, until_s) is not None

    # --- the other end of `InMemoryMedia`

    def _arrive(self, message: bytes) -> None:
        if self._gone:
            return
        self._inbox.extend(self.line.due(self.now()))
        self._inbox.append(message)
        self._news.unpark_all()

    async def _receive(self) -> list[bytes] | None:
        await trio.lowlevel.checkpoint()
        while True:
            if not self._gone:
                self._inbox.extend(self.line.due(self.now()))
            if self._inbox:
                messages = list(self._inbox)
                self._inbox.clear()
                return messages
            if self._gone:
                return None
            wake_s = self.line.next_due()
            if wake_s is None:
                await self._news.park()
            else:
                with trio.move_on_at(self._origin + wake_s):
                    await self._news.park()

    def _put(self, message: bytes, speech: bool) -> None:
        if self._gone:
            return
        if not self._stalled:
            self._read(message)
        elif not self._unsent and self._kernel_bytes + len(message) <= _KERNEL_BYTES:
            self._kernel.append(message)
            self._kernel_bytes += len(message)
        else:
            self._unsent.append((message, speech))

    def _drop_speech(self) -> int:
        kept = [entry for entry in self._unsent if not entry[1]]
        dropped = len(self._unsent) - len(kept)
        self._unsent = deque(kept)
        return dropped

    async def _flush(self) -> None:
        await trio.lowlevel.checkpoint()
        while self._unsent and not self._gone:
            await self._room.park()

    def _close(self, code: int) -> None:
        if self.close_code is None:
            self.close_code = code
            if not self._gone:
                self._warn(OUR_CLOSE, f"closed by agentd with {code}")
        self._inbox.clear()
        self.vanish()

    def _read(self, message: bytes) -> None:
        taken = self.line.receive(message, self.now())
        if taken is not None:
            self.sent.append(Sent(taken.at_s, taken.kind, taken.audio, taken.name))
            if taken.kind != "media":
                self._news.unpark_all()  # a mark may fall due sooner than the reader sleeps

    def _warn(self, code: int, why: str) -> None:
        if code not in self.codes:
            self.warnings.append(Warned(self.now(), code, why))


class InMemoryMedia:
    """agentd's end: an `agentd.media.MediaStream`. Only one task may receive; anybody may put."""

    def __init__(self, twilio: FakeTwilio) -> None:
        self._twilio = twilio

    async def receive(self) -> list[bytes] | None:
        """See `MediaStream.receive`."""
        return await self._twilio._receive()

    def put(self, *messages: bytes, speech: bool = False) -> None:
        """See `MediaStream.put`."""
        for message in messages:
            self._twilio._put(message, speech)

    def drop_speech(self) -> int:
        """See `MediaStream.drop_speech`: only a stalled reader leaves anything to drop."""
        return self._twilio._drop_speech()

    async def flush(self) -> None:
        """See `MediaStream.flush`."""
        await self._twilio._flush()

    async def aclose(self, code: int = 1000) -> None:
        """See `MediaStream.aclose`. Nothing can block here, so there is nothing to bound."""
        self._twilio._close(code)
        await trio.lowlevel.cancel_shielded_checkpoint()


__all__ = ["Binary", "FakeTwilio", "InMemoryMedia", "Sent"]
