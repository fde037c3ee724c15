"""What one call's tape says about the measures of SPEC 11.3 that no single event holds. Pure.

| interruption | begins with         | its result                                                                   |
|--------------|---------------------|------------------------------------------------------------------------------|
| halt         | "hold", or a "take" | media time from the caller's onset to the decision, in whose step `clear`    |
|              | without one         | goes out                                                                     |
| taken        | "take"              | "ok": halted within 200 ms, nothing of the old turn after it, words followed |
|              |                     | "old-frame", "late" or "no-words" otherwise, by the first that holds         |
| false        | "hold" - "release"  | one more false barge-in                                                      |

A call closes with its first meeting, at the turn in which it was booked; else with all that the playbook must know, at
the turn that brought the last of it; else in a hand-over, or open, when it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agentd.core.kinds import Kinds
from agentd.core.media_stream import FRAME_MS
from agentd.events import BargeIn, CallEnded, CallerSaid, MarkSent, Recorded, SlotsKnown, ToolOver, TtsStart, Turn

HALT_TARGET_MS: Final = 200  # SPEC 13
BOOKING: Final = "calendar.create"
HANDOVER: Final = "handover"
MEASURED: Final = Kinds(BargeIn, TtsStart, MarkSent, CallerSaid, ToolOver, SlotsKnown, CallEnded, Turn)
"""A `Turn` says no more here than that there is a stream."""
SPOKEN: Final = ("voice", "words")  # keys and hand-overs silence us too, with no onset to count from


@dataclass(frozen=True, slots=True)
class Halted:
    ms: int


@dataclass(frozen=True, slots=True)
class Interrupted:
    """`result`: "ok", "old-frame", "late" or "no-words"."""

    result: str


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """We fell silent for a sound that was not meant for us, and went on."""


@dataclass(frozen=True, slots=True)
class Closed:
    """`outcome`: "meeting", "lead", "handover" or "open"."""

    outcome: str
    turns: int


Measure = Halted | Interrupted | FalseAlarm | Closed


@dataclass(slots=True)
class _Taken:
    turn: int
    halt_ms: int
    old_frame: bool = False


class CallMeasures:
    """One per stream of a call. `read` its events in order, and its `CallEnded` last."""

    def __init__(self) -> None:
        self._held: tuple[int, int] | None = None  # turn and halt of a hold that is neither taken nor released yet
        self._taken: _Taken | None = None
        self._meeting: int | None = None
        self._lead: int | None = None

    def read(self, recorded: Recorded) -> Iterator[Measure]:
        match recorded.event:
            case BargeIn(phase=phase, turn=turn, onset_ms=onset_ms, why=why) if why in SPOKEN:
                yield from self._barged(phase, turn, max(0, recorded.frame * FRAME_MS - onset_ms))
            case TtsStart(turn=turn) if self._taken is not None:
                self._taken.old_frame |= turn == self._taken.turn
                yield from self._judge(words=False)
            case MarkSent(mark=mark) if self._taken is not None:
                of_it = mark.startswith(f"t{self._taken.turn}.") or mark == f"assistant_tts_end:{self._taken.turn}"
                self._taken.old_frame |= of_it
            case CallerSaid(late=False):
                yield from self._judge(words=True)
            case ToolOver(tool=tool, outcome="ok", turn=turn) if tool == BOOKING and self._meeting is None:
                self._meeting = turn
            case SlotsKnown(missing=missing, filled=filled, turn=turn):
                self._lead = None if missing or not filled else self._lead or turn
            case CallEnded(reason=reason, turns=turns):
                yield from self._judge(words=False)
                yield self._closed(reason, turns)
            case _:
                pass

    def _barged(self, phase: str, turn: int, since_onset_ms: int) -> Iterator[Measure]:
        held, self._held = self._held, None
        if phase == "release":
            yield FalseAlarm()
            return
        if phase == "take" and held is not None and held[0] == turn:
            halt_ms = held[1]
        else:
            halt_ms = since_onset_ms
            yield Halted(halt_ms)
        if phase == "hold":
            self._held = turn, halt_ms
        else:
            self._taken = _Taken(turn, halt_ms)

    def _judge(self, *, words: bool) -> Iterator[Measure]:
        taken, self._taken = self._taken, None
        if taken is None:
            return
        if taken.old_frame:
            yield Interrupted("old-frame")
        elif taken.halt_ms > HALT_TARGET_MS:
            yield Interrupted("late")
        else:
            yield Interrupted("ok" if words else "no-words")

    def _closed(self, reason: str, turns: int) -> Closed:
        if self._meeting is not None:
            return Closed("meeting", self._meeting)
        if self._lead is not None:
            return Closed("lead", self._lead)
        return Closed("handover" if reason == HANDOVER else "open", turns)
