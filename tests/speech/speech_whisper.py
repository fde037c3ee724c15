"""The recogniser `local` in media time: its own utterances and model, without a task or a clock.

It gets what it would get in a call (conditioned, levelled, in pieces of 100 ms, cut short at a silence), and its texts
arrive `JOB_MS` after their audio, as on a machine that is not overloaded.
"""

from __future__ import annotations

from functools import lru_cache

from agentd_local.models import find_whisper
from agentd_local.utterances import Job, Utterances
from agentd_local.whisper import Recogniser

from agentd.audio.agc import Agc
from agentd.audio.conditioning import Conditioner
from agentd.config import Settings
from agentd.core.hearing import Hearing
from agentd.core.speech import Heard, Transcript

FRAME_MS = 20
PIECE = 5
FLUSH = 3
JOB_MS = 120  # measured: 75-90 ms a job on one core


@lru_cache(maxsize=1)
def recogniser() -> Recogniser:
    return Recogniser(find_whisper(""), language="en-US")


class Whisper:
    """The port `Words` of `speech_play`."""

    def __init__(self, settings: Settings) -> None:
        self._conditioner, self._agc = Conditioner(), Agc(settings.agc_target_dbfs)
        self._pause = settings.vad_hangover_ms // FRAME_MS
        self._utterances, self._hearing = Utterances(), Hearing()
        self._piece, self._voiced, self._silent = b"", False, 0
        self._job: Job | None = None
        self._ready_frame = 0
        self.finals: list[str] = []

    def hear(self, frame: int, mulaw: bytes, voiced: bool) -> list[Transcript]:
        self._piece += mulaw
        self._voiced |= voiced
        self._silent = 0 if voiced else self._silent + 1
        out: list[Transcript] = []
        if len(self._piece) >= PIECE * 160 or self._silent in (FLUSH, self._pause):
            pcm = self._agc.process(self._conditioner.sound(self._piece), voiced=self._voiced)
            heard = Heard(pcm, (frame + 1) * FRAME_MS, self._voiced, self._silent == self._pause)
            out += self._utterances.hear(heard)
            self._piece, self._voiced = b"", False
        # Nothing is read before a pause is long enough to end an utterance: those partials are for barge-in, which is
        # not played here, and each is overtaken by the reading of the pause.
        if self._job is None and self._silent >= self._pause and (job := self._utterances.take()) is not None:
            self._job, self._ready_frame = job, frame + JOB_MS // FRAME_MS
        if self._job is not None and frame >= self._ready_frame:
            job, self._job = self._job, None
            out += self._utterances.read(job, recogniser().transcribe(job.pcm))
        for transcript in out:
            self._hearing.hear(transcript, (frame + 1) * FRAME_MS)
            if transcript.final:
                self.finals.append(transcript.text)
        if not out:
            return []
        return [Transcript(self._hearing.text, False, self._hearing.until_ms, complete=self._hearing.complete)]

    def answered(self, frame: int) -> None:
        self._hearing.take((frame + 1) * FRAME_MS)
