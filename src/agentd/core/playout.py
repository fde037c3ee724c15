"""Playout: what is sent when, and what of it the caller has heard (SPEC 3.1, 3.2, 2.7).

One `Playout` per call holds at most one *speech*: the audio of one turn, as 20 ms frames, in phrases. Twilio buffers
what we send and plays it at 1x, so two positions matter, both counted in frames of this speech:

    heard <= sent <= queued          heard: played to the caller, by marks and the clock since the last one
                                     sent:  given to Twilio;  queued: synthesised

| call           | queued | sent                               | effect on the line                                |
|----------------|--------|------------------------------------|---------------------------------------------------|
| begin          | 0      | 0                                  | none: a speech is silent until it is allowed      |
| push           | grows  | -                                  | -                                                 |
| allow          | -      | follows, `PLAYOUT_LEAD_MS` ahead   | first frame alone and at once, the rest paced     |
| hold           | kept   | back to the start of a phrase      | caller of `hold` sends `clear`                    |
| release        | -      | follows again from there           | the phrase that was cut is said again             |
| finish         | fixed  | to the end, then the tail          | silence, then the mark `assistant_tts_end:<turn>` |
| cut            | gone   | gone                               | caller of `cut` sends `clear`                     |

Time is an argument, in seconds of one monotonic clock. No frame of a speech is ever handed out after its `cut`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from agentd.config import Settings
from agentd.core.media_stream import FRAME_BYTES, FRAME_MS, Writer
from agentd.core.own_echo import OwnEcho
from agentd.core.speech_audio import FULLY_HEARD, Phrase, Said, Speech

FRAME_S = FRAME_MS / 1000
MARK_EVERY = 50  # frames: a mark at least every second (SPEC 3.2)
LOW_WATER = 0.75  # of the lead: below it more is sent. At half, a loop that stood still for 100 ms was heard
QUEUE_MS = 3000  # synthesised and not yet sent; more makes the voice task wait (bounded read-ahead)
STALLED_S = 3.0  # a mark this overdue: the other end no longer reads (DESIGN 3)
_EPSILON_S = 1e-6


@dataclass(frozen=True, slots=True)
class Due:
    """What `due` found. `messages` go on the wire in order; `wake_at` is when to ask again (inf: when poked).

    `started`: the first frame of this turn is among the messages; `replied`: the first that is no filler.
    `ended`: all of it has been played (its turn number). `underrun_ms`: the line ran dry before these frames.
    """

    messages: Sequence[bytes]
    marks: Sequence[str]
    frames: int
    wake_at: float
    started: int | None = None
    replied: int | None = None
    ended: int | None = None
    underrun_ms: int = 0


class Playout:
    """See the module. All methods are synchronous and total: a turn that is no longer current is ignored."""

    def __init__(self, settings: Settings, writer: Writer) -> None:
        self._writer = writer
        self._lead_s = settings.playout_lead_ms / 1000
        self.low_s = self._lead_s * LOW_WATER  # so much is still to be played when more is due
        self._tail = b"\xff" * (settings.tts_tail_ms * FRAME_BYTES // FRAME_MS)
        self._tail_s = settings.tts_tail_ms / 1000
        self._mark_timeout_s = settings.mark_timeout_ms / 1000
        self._speech: Speech | None = None
        self._dry_at = 0.0  # when Twilio's buffer runs dry, by our clock
        self._pending: deque[tuple[str, float]] = deque()  # marks out, with when they should have been played
        self._echo = OwnEcho()

    # --- what a turn does

    def begin(self, turn: int, *, interruptible: bool = True) -> None:
        """A new speech takes the place of the one before, silently. `cut` first if that one was audible."""
        self._speech = Speech(turn, interruptible)

    def phrase(self, turn: int, text: str, *, filler: bool = False) -> None:
        """What is pushed from here on is this phrase. A filler is heard but is no part of the reply."""
        if (s := self._current(turn)) is not None:
            s.phrases.append(Phrase(text, s.queued, filler))

    def hungry(self, turn: int) -> bool:
        """Whether the line waits for audio of this turn: the next `push` is news to whoever sends."""
        return (s := self._current(turn)) is not None and s.sent == s.queued

    def push(self, turn: int, mulaw: bytes) -> None:
        """Audio of the phrase begun last; any length."""
        if (s := self._current(turn)) is not None:
            audio = s.rest + mulaw
            whole = len(audio) - len(audio) % FRAME_BYTES
            s.queue(audio[:whole])
            s.rest = audio[whole:]

    def interject(self, turn: int, text: str, mulaw: bytes) -> bool:
        """Put a filler before what is still being synthesised; False if there is audio of the reply to send instead."""
        s = self._current(turn)
        if s is None or s.sent < s.queued or s.rest or s.finished:
            return False
        waiting = s.phrases[-1] if s.phrases and s.phrases[-1].end is None else None
        if waiting is not None and waiting.start == s.queued:
            s.phrases.pop()
        elif waiting is not None:  # it broke off: what still comes of it follows the filler
            waiting.end, waiting = s.queued, Phrase("", s.queued, False)
        self.phrase(turn, text, filler=True)
        self.push(turn, mulaw)
        self.end_phrase(turn)
        if waiting is not None:
            waiting.start = s.queued
            s.phrases.append(waiting)
        return True

    def end_phrase(self, turn: int) -> None:
        """The phrase is complete; a short last frame is padded with silence."""
        if (s := self._current(turn)) is not None and s.phrases:
            if s.rest:
                s.queue(s.rest.ljust(FRAME_BYTES, b"\xff"))
                s.rest = b""
            s.phrases[-1].end = s.queued

    def unsaid(self, turn: int) -> None:
        """No voice spoke the phrase begun last: forget it, if nothing of it was pushed."""
        s = self._current(turn)
        if s is not None and s.phrases and s.phrases[-1].end is None and s.phrases[-1].start == s.queued:
            s.phrases.pop()

    def finish(self, turn: int) -> None:
        """Nothing more will be pushed."""
        if (s := self._current(turn)) is not None:
            s.finished = True

    def allow(self, turn: int) -> None:
        """From here on it may be heard."""
        if (s := self._current(turn)) is not None:
            s.allowed = True

    def has_room(self, turn: int) -> bool:
        """Whether more audio of this turn is welcome. True for a turn that is gone: it must not wait for ever."""
        s = self._current(turn)
        return s is None or (s.queued - s.sent) * FRAME_MS < QUEUE_MS

    # --- what the line does

    def due(self, now: float) -> Due:
        """Frames and marks to send now, and when to ask again."""
        s = self._speech
        if s is None or not s.allowed or s.held:
            return Due((), (), 0, inf)
        messages: list[bytes] = []
        marks: list[str] = []
        started = replied = None
        underrun_ms = 0
        before = s.sent
        if s.sent < s.queued and self._dry_at - now <= self.low_s + _EPSILON_S:
            if self._dry_at < now:
                if s.begun and not s.tail_sent and not s.phrase_at(s.sent - 1).filler:
                    underrun_ms = round((now - self._dry_at) * 1000)
                self._dry_at = now
            # the very first frame goes alone, so that it is on the wire before the others are encoded
            limit = self._dry_at + FRAME_S if not s.begun else now + self._lead_s
            while s.sent < s.queued and self._dry_at < limit - _EPSILON_S:
                if not s.begun:
                    s.begun, s.acked_at, started = True, now, s.turn
                if not s.replied and not s.phrase_at(s.sent).filler:
                    s.replied, replied = True, s.turn
                self._send_frame(s, messages)
                self._mark_if_due(s, messages, marks)
        if s.begun:  # a phrase may have been found complete only after its last frame had gone
            self._mark_if_due(s, messages, marks)
        if s.finished and s.sent == s.queued and not s.tail_sent and not s.rest:
            if not s.begun:  # nothing was ever said
                self._speech = None
                return Due((), (), 0, inf, ended=s.turn)
            s.tail_sent = True
            self._dry_at = max(self._dry_at, now) + self._tail_s
            messages.append(self._writer.media(self._tail))
            self._mark(f"assistant_tts_end:{s.turn}", messages, marks)
        ended = None
        if s.tail_sent and now >= self._dry_at + self._mark_timeout_s - _EPSILON_S:
            ended = s.turn
        return Due(messages, marks, s.sent - before, self._wake_at(s, now), started, replied, ended, underrun_ms)

    def echo(self, mark: str, now: float) -> int | None:
        """A mark came back. Returns the turn whose speech has ended with it, else None.

        Echoes that a `clear` gave back, and those of other turns, mean nothing.
        """
        if not any(name == mark for name, _ in self._pending):
            return None
        while self._pending and self._pending.popleft()[0] != mark:
            pass  # marks come back in order: one that is missing was played too
        s = self._speech
        kind, _, number = mark.rpartition(":")
        if s is None:
            return None
        if kind == "assistant_tts_end":
            return s.turn if number == str(s.turn) else None
        if kind == s.mark:
            s.acked, s.acked_at = int(number), now
            s.forget_heard()
        return None

    def hold(self, now: float) -> None:
        """Barge-in, perhaps: silent at once, nothing lost. The caller of this sends `clear`."""
        s = self._speech
        if s is not None and not s.held:
            s.heard = self._heard(s, now)
            s.held = True
            s.holds += 1
            phrase = s.phrase_at(s.heard)
            whole = phrase.end is not None and s.heard >= phrase.end  # between two phrases: nothing to say again
            s.sent = s.marked = s.acked = max(s.base, s.heard if whole else phrase.start)
            self._line_cleared(now)

    def release(self, now: float) -> None:
        """It was nothing: go on from the start of the phrase that was cut."""
        s = self._speech
        if s is not None and s.held:
            s.held = False
            s.tail_sent = False
            s.acked_at = self._dry_at = now

    def cut(self, now: float) -> Said | None:
        """Forget the speech. What the caller heard of it; None if there was none or nobody heard any."""
        s = self._speech
        self._speech = None
        if s is None or not s.begun:
            return None
        said = s.said(self._heard(s, now))
        self._line_cleared(now)
        return said

    def done(self, turn: int) -> Said | None:
        """The speech has ended by itself: everything was heard."""
        if (s := self._current(turn)) is None:
            return None
        self._speech = None
        return s.said(s.queued)

    # --- what others ask

    @property
    def held(self) -> bool:
        return self._speech is not None and self._speech.held

    @property
    def interruptible(self) -> bool:
        return self._speech is None or self._speech.interruptible

    @property
    def dry_at(self) -> float:
        """When the last of our audio has been played, by our clock."""
        return self._dry_at

    def audible(self, now: float) -> bool:
        """Whether Twilio is playing audio of ours, tail included."""
        return self._dry_at > now

    def in_tail(self, now: float) -> bool:
        """Everything was said; only the silence at the end is left."""
        s = self._speech
        return s is not None and s.tail_sent and now >= self._dry_at - self._tail_s - _EPSILON_S

    def nearly_said(self, now: float) -> bool:
        """All but the last tenth of the last phrase was heard: a "yes" here answers what we said."""
        s = self._speech
        if s is None or not s.finished or s.sent < s.queued or not s.phrases:
            return False
        last = s.phrases[-1]
        return self._heard(s, now) >= last.start + FULLY_HEARD * (s.queued - last.start)

    def disallow(self, turn: int) -> None:
        """Not yet, after all; only before its first frame."""
        if (s := self._current(turn)) is not None and not s.begun:
            s.allowed = False

    def stalled(self, now: float) -> bool:
        """A mark of ours is so overdue that the other end cannot be reading."""
        return bool(self._pending) and now > self._pending[0][1] + STALLED_S

    def echo_level(self, now: float) -> float:
        """RMS, in int16 units, of what played 100 to 400 ms ago: how loud an echo may be (SPEC 2.3)."""
        return self._echo.level(now)

    # --- within

    def _current(self, turn: int) -> Speech | None:
        return self._speech if self._speech is not None and self._speech.turn == turn else None

    def _send_frame(self, s: Speech, messages: list[bytes]) -> None:
        frame, power = s.frame(s.sent)
        messages.append(self._writer.media(frame))
        self._echo.sent(self._dry_at, power)
        self._dry_at += FRAME_S
        s.sent += 1

    def _mark_if_due(self, s: Speech, messages: list[bytes], marks: list[str]) -> None:
        if s.sent > s.marked and (s.sent - s.marked >= MARK_EVERY or s.phrase_at(s.sent - 1).end == s.sent):
            s.marked = s.sent
            self._mark(f"{s.mark}:{s.sent}", messages, marks)

    def _mark(self, name: str, messages: list[bytes], marks: list[str]) -> None:
        messages.append(self._writer.mark(name))
        marks.append(name)
        self._pending.append((name, self._dry_at))

    def _wake_at(self, s: Speech, now: float) -> float:
        if s.tail_sent:
            at = self._dry_at + self._mark_timeout_s
        elif s.sent < s.queued or s.finished:
            at = self._dry_at - self.low_s
        else:
            return inf  # a push will poke
        return max(at, now) if at > now - _EPSILON_S else now

    def _heard(self, s: Speech, now: float) -> int:
        """Frames of the speech that were played by now: the clock's estimate, held between what marks prove."""
        if not s.begun:
            return 0
        tail = self._tail_s if s.tail_sent else 0.0
        left_s = max(0.0, self._dry_at - tail - now)
        by_clock = s.sent - int(left_s / FRAME_S + 0.999)
        at_most = s.acked + int(max(0.0, now - s.acked_at) / FRAME_S + _EPSILON_S)
        return max(s.heard, s.acked, min(by_clock, at_most, s.sent))

    def _line_cleared(self, now: float) -> None:
        self._pending.clear()
        self._dry_at = min(self._dry_at, now)
        self._echo.cleared(now)
