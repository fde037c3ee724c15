"""A call's audio cut into utterances for a recogniser that is asked, and paid, by the recording. Pure; media time.

    voice     ___▁▅▇▆▁__▅▇▅▂▁______________▁▅▇
    asked              ^  ·    ^
    told               partial partial    final

It is asked when the speaker pauses, and while speech goes on every `EVERY_MS`, so that a long sentence is never
silence to the call. Each time the whole utterance is sent: the words before are the best context for those after. The
text that rests on all of the voice becomes final, without another request, when `FINAL_SILENCE_MS` have passed.
Utterances are told strictly one after the other, however late the answers.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from agentd.engines import Heard, Transcript

PRE_ROLL_MS = 300  # SPEC 2.1: an utterance is heard from its onset - 300 ms
EVERY_MS = 2_000  # with a second for the answer, under the 4 s after which a recogniser counts as stalled (SPEC 4.2)
FINAL_SILENCE_MS = 500  # over the gaps within a dictated number (80-350 ms)
LONGEST_MS = 10_000  # SPEC 4.1
SPLIT_FROM_MS = 5_000  # an utterance that is too long is not cut before this


@dataclass(frozen=True, slots=True)
class Job:
    """A recording to be read: the audio of `from_ms` to `until_ms`, `voiced_ms` of which is voice."""

    pcm: bytes
    from_ms: int
    until_ms: int
    voiced_ms: int
    utterance: int


@dataclass(slots=True)
class _Utterance:
    number: int
    from_ms: int
    pcm: bytearray
    voice_until_ms: int
    voiced_ms: int
    dip_ms: int = 0  # middle of the last piece without voice
    asked_ms: int = 0  # audio up to here was sent
    text: str = ""
    text_ms: int = 0  # the text rests on the audio up to here
    told: tuple[str, int] = ("", 0)
    closed: bool = False


class Utterances:
    """One session's. `hear` every piece and `end`; do the jobs that they return and hand each text to `answer`; after
    any of them tell what `ready` returns."""

    def __init__(self, rate_hz: int = 8000) -> None:
        self._bytes_per_ms = rate_hz * 2 // 1000
        self._before = bytearray()  # the last silence, at most the pre-roll
        self._now: _Utterance | None = None
        self._waiting: deque[_Utterance] = deque()  # begun and not yet told as final, oldest first
        self._count = 0
        self._until_ms = 0

    def hear(self, heard: Heard) -> Job | None:
        """One piece of audio."""
        pcm = self._without_gap(heard)
        now = self._now
        if now is None:
            self._before += pcm
            if not heard.voiced:
                del self._before[: -PRE_ROLL_MS * self._bytes_per_ms]
                return None
            now = self._begin(self._before, heard.until_ms)
            self._before = bytearray()
        else:
            now.pcm += pcm
        piece_ms = len(heard.pcm) // self._bytes_per_ms
        if heard.voiced:
            now.voice_until_ms = heard.until_ms
            now.voiced_ms += piece_ms
        elif piece_ms:
            now.dip_ms = heard.until_ms - piece_ms // 2
        return self._due(now, heard)

    def end(self) -> Job | None:
        """There is no more audio."""
        return self._close(self._now, self._until_ms) if self._now is not None else None

    def answer(self, job: Job, text: str) -> None:
        """What was read in the recording. A text that rests on less than one that is known already is dropped."""
        for utterance in self._waiting:
            if utterance.number == job.utterance and job.until_ms > utterance.text_ms:
                utterance.text, utterance.text_ms = text, job.until_ms

    def wanted(self, job: Job) -> bool:
        """Is nothing newer asked, or known, of its utterance?"""
        return any(u.number == job.utterance and u.asked_ms <= job.until_ms for u in self._waiting)

    def ready(self) -> list[Transcript]:
        """What may be told now and was not told before: finals, and the partial of the oldest utterance."""
        out: list[Transcript] = []
        while self._waiting:
            head = self._waiting[0]
            if head.closed and head.text_ms >= head.voice_until_ms:
                out.append(Transcript(head.text, True, head.text_ms, head.from_ms))
                self._waiting.popleft()
                continue
            if head.text_ms > head.told[1] and (head.text or head.told[0]):
                out.append(Transcript(head.text, False, head.text_ms, head.from_ms))
                head.told = (head.text, head.text_ms)
            break
        return out

    def _due(self, now: _Utterance, heard: Heard) -> Job | None:
        if not heard.voiced and heard.until_ms - now.voice_until_ms >= FINAL_SILENCE_MS:
            return self._close(now, heard.until_ms)
        if heard.until_ms - now.from_ms >= LONGEST_MS:
            return self._split(now, heard.until_ms)
        since_ms = heard.until_ms - max(now.asked_ms, now.from_ms + PRE_ROLL_MS)
        if (heard.pause and now.asked_ms < now.voice_until_ms) or (heard.voiced and since_ms >= EVERY_MS):
            return self._ask(now, heard.until_ms)
        return None

    def _begin(self, pcm: bytearray, until_ms: int) -> _Utterance:
        self._count += 1
        from_ms = until_ms - len(pcm) // self._bytes_per_ms
        self._now = _Utterance(self._count, from_ms, pcm, until_ms, 0)
        self._waiting.append(self._now)
        return self._now

    def _ask(self, now: _Utterance, until_ms: int) -> Job:
        now.asked_ms = until_ms
        return Job(bytes(now.pcm), now.from_ms, until_ms, now.voiced_ms, now.number)

    def _close(self, now: _Utterance, until_ms: int) -> Job | None:
        """The utterance is over. A request that covers all of its voice is under way or answered, else it is made."""
        now.closed, self._now = True, None
        job = None if now.asked_ms >= now.voice_until_ms else self._ask(now, until_ms)
        unheard = max(0, len(now.pcm) - PRE_ROLL_MS * self._bytes_per_ms)
        self._before = now.pcm[max((now.asked_ms - now.from_ms) * self._bytes_per_ms, unheard) :]
        return job

    def _split(self, now: _Utterance, until_ms: int) -> Job:
        """Speech without end: what came before the last dip (or all) is read as a final; the rest begins anew. Texts of
        the whole, known or under way, hold words of both parts and count for neither."""
        cut_ms = now.dip_ms if now.dip_ms >= now.from_ms + SPLIT_FROM_MS else until_ms
        at = (cut_ms - now.from_ms) * self._bytes_per_ms
        first, rest = now.pcm[:at], now.pcm[at:]
        self._waiting.pop()  # it is the newest
        part = self._begin(first, cut_ms)
        part.told, part.closed = now.told, True
        part.voiced_ms = min(now.voiced_ms, cut_ms - now.from_ms)
        self._now, self._before = None, rest
        if now.voice_until_ms > cut_ms:
            then = self._begin(rest, until_ms)
            then.voice_until_ms, then.voiced_ms = now.voice_until_ms, now.voice_until_ms - cut_ms
            self._before = bytearray()
        return self._ask(part, cut_ms)

    def _without_gap(self, heard: Heard) -> bytes:
        """The piece, after silence for audio that was lost before it: offsets stay exact."""
        starts_ms = heard.until_ms - len(heard.pcm) // self._bytes_per_ms
        lost_ms = starts_ms - self._until_ms if self._until_ms else 0
        self._until_ms = heard.until_ms
        return bytes(min(max(lost_ms, 0), LONGEST_MS) * self._bytes_per_ms) + heard.pcm
