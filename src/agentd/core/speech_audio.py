"""The audio of one turn, in phrases: frames queued, sent and heard, and which words they are.

base <= heard <= sent <= queued        counted in frames of 20 ms from the speech's first
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from math import inf

from agentd.audio.level import frame_powers
from agentd.core.media_stream import FRAME_BYTES

FULLY_HEARD = 0.9  # of a phrase; its last 10 % is mostly the decay of the last word (a guess)


@dataclass(frozen=True, slots=True)
class Said:
    """What the caller heard of a speech. `cut`: not all that was synthesised, or more was to come."""

    turn: int
    text: str
    cut: bool
    frames: int


@dataclass(slots=True)
class Phrase:
    text: str
    start: int  # first frame, counted over the whole speech
    filler: bool
    end: int | None = None  # one past the last frame; None while it is being synthesised


@dataclass(slots=True)
class Speech:
    turn: int
    interruptible: bool
    audio: bytearray = field(default_factory=bytearray)  # frames from `base` on
    powers: array[float] = field(default_factory=lambda: array("f"))  # of the same frames: their levels, squared
    base: int = 0
    rest: bytes = b""
    phrases: list[Phrase] = field(default_factory=list)
    sent: int = 0
    marked: int = 0
    acked: int = 0
    acked_at: float = inf  # when playing began, or the last mark came back
    allowed: bool = False
    held: bool = False
    finished: bool = False
    tail_sent: bool = False
    begun: bool = False  # a frame is on the wire
    replied: bool = False  # a frame that is no filler is on the wire
    heard: int = 0  # before a hold sent us back
    holds: int = 0

    @property
    def mark(self) -> str:
        """Of this stretch: after a hold, echoes of the stretch before it must not pass for its own."""
        return f"t{self.turn}.{self.holds}"

    def queue(self, audio: bytes) -> None:
        """Whole frames."""
        self.audio += audio
        self.powers.extend(frame_powers(audio, FRAME_BYTES))

    def frame(self, number: int) -> tuple[bytes, float]:
        """One that is not forgotten: its mu-law, and its level squared."""
        at = number - self.base
        return bytes(self.audio[at * FRAME_BYTES : (at + 1) * FRAME_BYTES]), self.powers[at]

    @property
    def queued(self) -> int:
        return self.base + len(self.powers)

    def phrase_at(self, frame: int) -> Phrase:
        """The phrase that this frame belongs to."""
        for phrase in reversed(self.phrases):
            if phrase.start <= frame:
                return phrase
        return self.phrases[0]

    def said(self, heard: int) -> Said:
        """The words of which so many frames were heard."""
        words: list[str] = []
        cut = not self.finished
        for phrase in self.phrases:
            end = phrase.end if phrase.end is not None else self.queued
            share = (heard - phrase.start) / (end - phrase.start) if end > phrase.start else 0.0
            if share < FULLY_HEARD:
                cut = True
            if phrase.filler or share <= 0:
                continue
            spoken = phrase.text.split()
            words += spoken if share >= FULLY_HEARD else spoken[: int(len(spoken) * share)]
        return Said(self.turn, " ".join(words), cut, heard)

    def forget_heard(self) -> None:
        """Frames of phrases that were heard whole can never be needed again."""
        keep_from = self.phrase_at(self.acked).start
        if (heard := min(keep_from, self.sent) - self.base) > 0:
            del self.audio[: heard * FRAME_BYTES], self.powers[:heard]
            self.base += heard
