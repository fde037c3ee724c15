"""From pieces of a call's audio to jobs for a recogniser that reads whole utterances, and from their texts to
transcripts. Pure: no clock and no task; time is the media time of the pieces.

    voice   ----▁▂▅▇▆▅▂▁--▂▅▆▂▁_______________▁▅▇
    jobs         p   p  P    P
    final                          f: the text of the last P stands, no job

| what is heard                       | what is asked of the recogniser                                     |
|-------------------------------------|---------------------------------------------------------------------|
| voice begins                        | an utterance begins, `PRE_ROLL_MS` before it                        |
| voice goes on                       | a partial after `FIRST_MS` of it, then each time `EVERY_MS` were added |
| `pause`                             | a partial at once: it covers all of the voice                       |
| `FINAL_SILENCE_MS` without voice    | final: the covering text, else one more job                         |
| `LONGEST_MS`                        | final up to the last dip; the rest is the next utterance            |

Only the newest job of an utterance is worth doing; a final that needs one is never dropped.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from agentd.engines import Heard, Transcript

PRE_ROLL_MS = 300  # SPEC 2.1
FIRST_MS = 400  # of voice: with 80 ms of inference the first partial is there 500 ms after the onset
EVERY_MS = 600
TAIL_MS = 60  # a word ends in sounds too soft to count as voice ("yes", "eight"): a reading without them is not whole
FINAL_SILENCE_MS = 500  # over the longest gap of a dictated number (350), under the next turn
LONGEST_MS = 11_000  # the window is 12 s
SPLIT_FROM_MS = 4_000  # no part of a split is shorter than this
SPLIT_WITHIN_MS = 3_000  # a dip is looked for in the last of it
FRAME_MS = 20


@dataclass(frozen=True, slots=True)
class Job:
    """Audio to be read: exactly the media time `from_ms` to `until_ms`."""

    pcm: bytes
    from_ms: int
    until_ms: int
    final: bool
    utterance: int


@dataclass(slots=True)
class _Utterance:
    number: int
    from_ms: int
    pcm: bytearray
    voice_ms: int  # media time of the last voice
    due_ms: int  # when the next partial is, if there is voice
    asked_ms: int = 0  # audio that jobs were made for
    read_ms: int = 0  # audio that the text rests on
    text: str = ""
    shown: bool = False
    dip_ms: int = 0  # middle of the last piece without voice

    def whole(self, read_ms: int, until_ms: int) -> bool:
        """Whether a reading up to `read_ms` holds all that was said, of audio up to `until_ms`."""
        return read_ms >= min(self.voice_ms + TAIL_MS, until_ms)


class Utterances:
    """One call's. `hear` every piece, `take` a job whenever the recogniser is free, hand its text to `read`."""

    def __init__(self, rate_hz: int = 8000) -> None:
        self._bytes_per_ms = rate_hz * 2 // 1000
        self._before = bytearray()
        self._now: _Utterance | None = None
        self._count = 0
        self._final_jobs: deque[Job] = deque()
        self._job: Job | None = None
        self._closing = 0  # the utterance that becomes final with the job that is running
        self._until_ms = 0
        self._running: Job | None = None

    def hear(self, heard: Heard) -> list[Transcript]:
        """One piece. Returns what is final by it without another job."""
        pcm, now = self._whole(heard), self._now
        if now is None:
            self._before += pcm
            if not heard.voiced:
                del self._before[: -PRE_ROLL_MS * self._bytes_per_ms]
                return []
            now = self._begin(heard)
        else:
            now.pcm += pcm
        if heard.voiced:
            now.voice_ms = heard.until_ms
        elif heard.pcm:
            now.dip_ms = heard.until_ms - len(heard.pcm) // self._bytes_per_ms // 2
        if heard.until_ms - now.voice_ms >= FINAL_SILENCE_MS:
            return self._finish(now, heard.until_ms)
        if heard.until_ms - now.from_ms >= LONGEST_MS:
            self._split(now, heard.until_ms)
            return []
        if (heard.pause and not now.whole(now.asked_ms, heard.until_ms)) or (
            heard.voiced and heard.until_ms >= now.due_ms
        ):
            now.asked_ms, now.due_ms = heard.until_ms, heard.until_ms + EVERY_MS
            self._job = Job(bytes(now.pcm), now.from_ms, heard.until_ms, False, now.number)
        return []

    def end(self, until_ms: int) -> list[Transcript]:
        """No more audio."""
        return self._finish(self._now, until_ms) if self._now is not None else []

    def take(self) -> Job | None:
        """The next job to do, oldest final first; None when there is none, or the one taken is not `read` yet."""
        if self._running is not None:
            return None
        if self._final_jobs:
            self._running = self._final_jobs.popleft()
        else:
            self._running, self._job = self._job, None
        return self._running

    def read(self, job: Job, text: str) -> list[Transcript]:
        """The text of the job that was taken."""
        self._running = None
        now = self._now
        if job.final or job.utterance == self._closing:
            return [Transcript(text, True, job.until_ms, job.from_ms)]
        if now is None or now.number != job.utterance:
            return []  # overtaken by its final
        now.text, now.read_ms = text, job.until_ms
        if not text and not now.shown:
            return []
        now.shown = True
        return [Transcript(text, False, job.until_ms, job.from_ms)]

    def _whole(self, heard: Heard) -> bytes:
        """The piece, with silence for audio that was lost before it: offsets stay exact."""
        missing_ms = heard.until_ms - len(heard.pcm) // self._bytes_per_ms - self._until_ms if self._until_ms else 0
        self._until_ms = heard.until_ms
        return bytes(min(max(missing_ms, 0), LONGEST_MS) * self._bytes_per_ms) + heard.pcm

    def _begin(self, heard: Heard) -> _Utterance:
        pcm, self._before = self._before, bytearray()
        self._count += 1
        due_ms = heard.until_ms - len(heard.pcm) // self._bytes_per_ms + FIRST_MS
        from_ms = heard.until_ms - len(pcm) // self._bytes_per_ms
        self._now = _Utterance(self._count, from_ms, pcm, heard.until_ms, due_ms)
        return self._now

    def _finish(self, now: _Utterance, until_ms: int) -> list[Transcript]:
        """The utterance is over. Its text stands if it covers the voice, else one last job reads it."""
        self._now = None
        job, self._job, running = self._job, None, self._running
        if now.voice_ms <= now.from_ms:
            read_ms = now.from_ms  # the silent rest of a split
        elif now.whole(now.read_ms, until_ms):
            read_ms = now.read_ms
        elif running is not None and running.utterance == now.number and now.whole(running.until_ms, until_ms):
            read_ms, self._closing = running.until_ms, now.number
        else:
            if job is None or not now.whole(job.until_ms, until_ms):
                job = Job(bytes(now.pcm), now.from_ms, until_ms, True, now.number)
            read_ms = job.until_ms
            self._final_jobs.append(replace(job, final=True))
        self._before = now.pcm[(read_ms - now.from_ms) * self._bytes_per_ms :][-PRE_ROLL_MS * self._bytes_per_ms :]
        return [Transcript(now.text, True, read_ms, now.from_ms)] if now.from_ms < read_ms == now.read_ms else []

    def _split(self, now: _Utterance, until_ms: int) -> None:
        """Somebody speaks without end: what they said up to the last dip is final, the rest goes on."""
        cut_ms = now.dip_ms
        if not now.from_ms + SPLIT_FROM_MS <= cut_ms < until_ms:
            cut_ms = until_ms - SPLIT_WITHIN_MS + self._quietest_ms(now.pcm)
        cut = (cut_ms - now.from_ms) * self._bytes_per_ms
        self._final_jobs.append(Job(bytes(now.pcm[:cut]), now.from_ms, cut_ms, True, now.number))
        self._count += 1
        self._now = _Utterance(self._count, cut_ms, now.pcm[cut:], now.voice_ms, until_ms + EVERY_MS)
        self._job = None

    def _quietest_ms(self, pcm: bytearray) -> int:
        """Where the quietest 20 ms of the last `SPLIT_WITHIN_MS` begin, from the start of that stretch."""
        tail = np.frombuffer(bytes(pcm[-SPLIT_WITHIN_MS * self._bytes_per_ms :]), "<i2").astype(np.float32)
        frames = tail.reshape(-1, FRAME_MS * self._bytes_per_ms // 2)
        return int(np.argmin((frames**2).mean(axis=1))) * FRAME_MS
