"""A call of several utterances through the ears, frame by frame, with an agent that answers at once.

The agent is as the brain of a call (`agentd.call.brain`) would have it with an engine that needs no time: it begins to
speak when the end of the utterance is called *and* the words rest on all of the audio (or 240 ms have passed and they
rest on nearly all), speaks for a second, and gives way if the caller goes on before its first sound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from speech_corpus import FRAME, RATE_HZ, Utterance, active_rms, coded

from agentd.audio.level import frame_level
from agentd.config import Settings
from agentd.core.endpointing import Cue, Endpointer
from agentd.core.speech import Transcript
from agentd.core.voice import VoiceDetector

FRAME_MS = 20
LEAD_MS = 1000  # of the line before the first word: the calibration is in it
PAUSE_MS = 3000  # between two utterances; the agent speaks in it
GIVE_UP_MS = 2500  # an answer later than this is none
AGENT_MS = 1000
COVER_SLACK_MS = 200
EMPTY_MS = 1200


class Words(Protocol):
    """A recogniser in media time."""

    def hear(self, frame: int, mulaw: bytes, voiced: bool) -> list[Transcript]:
        """What it says at this frame, about the present utterance."""

    def answered(self, frame: int) -> None:
        """The words so far were taken: a new utterance begins."""


@dataclass
class Outcome:
    """How one utterance went. `wait_ms`: from the last voiced sample to the agent's first. None: never answered."""

    name: str
    cut: bool = False
    wait_ms: int | None = None
    reason: str = ""
    heard: str = ""
    eou_ms: int | None = None
    starts: int = 0


@dataclass
class Truth:
    """One utterance within a call, in milliseconds of the call."""

    utterance: Utterance
    from_ms: float
    until_ms: float


@dataclass
class Line:
    """A caller's side of a call."""

    mulaw: bytes
    truths: list[Truth] = field(default_factory=list)


def line(utterances: Sequence[Utterance], noise: str, seed: int) -> Line:
    """Several utterances on one line, at one level: they are of the same caller."""
    level = active_rms(utterances[0].wave)
    waves = [np.zeros(LEAD_MS * 8)]
    truths = []
    for u in utterances:
        at = sum(len(w) for w in waves)
        waves += [u.wave * (level / active_rms(u.wave)), np.zeros(PAUSE_MS * 8)]
        truths.append(Truth(u, at * 1000 / RATE_HZ, (at + len(u.wave)) * 1000 / RATE_HZ))
    return Line(coded(np.concatenate(waves), noise, level, seed), truths)


class Oracle:
    """Knows the words, and says them late: what a good streaming recogniser is like. Each partial rests on the audio of
    `lag_ms` ago; partials come every `every_ms`."""

    def __init__(self, truths: Sequence[Truth], lag_ms: int = 240, every_ms: int = 100) -> None:
        self._lag, self._every = lag_ms, every_ms
        self._ends = [(word, t.from_ms + end * 1000 / RATE_HZ) for t in truths for word, end in t.utterance.words]
        self._from_ms = 0.0

    def hear(self, frame: int, mulaw: bytes, voiced: bool) -> list[Transcript]:
        now_ms = (frame + 1) * FRAME_MS
        if now_ms % self._every:
            return []
        until_ms = now_ms - self._lag
        said = [word for word, end in self._ends if self._from_ms < end <= until_ms]
        return [Transcript(" ".join(said), False, until_ms)] if said else []

    def answered(self, frame: int) -> None:
        self._from_ms = (frame + 1) * FRAME_MS - self._lag


class Call:
    """One line, one set of ears."""

    def __init__(
        self, the_line: Line, settings: Settings, words: Words, probability: Callable[[bytes], float] | None = None
    ) -> None:
        self._line, self._words, self._probability = the_line, words, probability
        self._detector, self._ears = VoiceDetector(settings), Endpointer(settings)
        self._timeout_ms = settings.stt_timeout_ms
        self._text, self._until_ms = "", 0
        self._ended: int | None = None  # frame of the end that waits for its words
        self._agent_until = -1

    def play(self) -> list[Outcome]:
        """Frame by frame to the end of the line."""
        outcomes = [Outcome(t.utterance.name) for t in self._line.truths]
        frames = len(self._line.mulaw) // FRAME
        for frame in range(frames):
            mulaw = self._line.mulaw[frame * FRAME : (frame + 1) * FRAME]
            level = frame_level(mulaw)
            speaking = frame < self._agent_until
            probability = self._probability(mulaw) if self._probability is not None else None
            voiced = self._detector.hear(level, agent_speaking=speaking, probability=probability)
            if frame == self._agent_until:
                self._ears.agent_spoke()
            cues = [self._ears.hear(voiced, level, self._detector.threshold)]
            for t in self._words.hear(frame, mulaw, voiced):
                self._text, self._until_ms = t.text, t.until_ms or 0
                cues.append(self._ears.words(t.text, t.until_ms, t.complete))
            i, outcome = self._current(frame, outcomes)
            for cue in cues:
                self._note(cue, frame, outcome)
            if self._speaks(frame) and not speaking:
                self._answer(frame, self._line.truths[i], outcome)
        return outcomes

    def _current(self, frame: int, outcomes: list[Outcome]) -> tuple[int, Outcome]:
        i = 0
        for n, truth in enumerate(self._line.truths):
            if truth.from_ms - 100 <= frame * FRAME_MS:
                i = n
        return i, outcomes[i]

    def _note(self, cue: Cue | None, frame: int, outcome: Outcome) -> None:
        if cue is Cue.SPECULATE:
            outcome.starts += 1
        elif cue is Cue.EOU and self._ears.reason != "timeout":
            self._ended = frame
        elif cue in (Cue.ONSET, Cue.RESUME) and self._ended is not None:
            self._ended = None
            self._ears.reopen()

    def _speaks(self, frame: int) -> bool:
        if self._ended is None:
            return False
        t1_ms = (self._ears.last_voiced_frame + 1) * FRAME_MS
        if self._text and self._until_ms >= t1_ms:
            return True
        late = (frame - self._ended) * FRAME_MS >= self._timeout_ms and self._until_ms >= t1_ms - COVER_SLACK_MS
        if self._text and late:
            return True
        if (frame + 1) * FRAME_MS - t1_ms >= EMPTY_MS:
            if self._text:
                return True
            self._ended = None  # voice without words: nothing is answered
        return False

    def _answer(self, frame: int, truth: Truth, outcome: Outcome) -> None:
        now_ms = (frame + 1) * FRAME_MS
        ended, self._ended = self._ended, None
        if now_ms < truth.from_ms:
            return
        if now_ms < truth.until_ms:
            outcome.cut = True
        elif outcome.wait_ms is None and now_ms <= truth.until_ms + GIVE_UP_MS:
            outcome.wait_ms = round(now_ms - truth.until_ms)
            outcome.eou_ms = round(((ended or frame) + 1) * FRAME_MS - truth.until_ms)
            outcome.reason = self._ears.reason
        outcome.heard = f"{outcome.heard} {self._text}".strip()
        self._agent_until = frame + AGENT_MS // FRAME_MS
        self._words.answered(frame)
        self._text, self._until_ms = "", 0
