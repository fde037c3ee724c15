"""Pieces of audio in, jobs and finals out, with exact media time. Every test says its pieces in 100 ms steps."""

from agentd_local.utterances import FINAL_SILENCE_MS, LONGEST_MS, Job, Utterances
from hypothesis import given
from hypothesis import strategies as st

from agentd.engines import Heard, Transcript

PIECE = bytes(1600)


class Call:
    """Feeds an `Utterances` and keeps what comes of it; jobs are read at once unless `busy`."""

    def __init__(self) -> None:
        self.utterances = Utterances()
        self.ms = 0
        self.jobs: list[Job] = []
        self.said: list[Transcript] = []
        self.busy = False

    def hear(self, voiced: bool, ms: int = 100, *, pause: bool = False) -> None:
        for _ in range(ms // 100):
            self.ms += 100
            self.said += self.utterances.hear(Heard(PIECE, self.ms, voiced))
            self.work()
        if pause:
            self.said += self.utterances.hear(Heard(b"", self.ms, False, True))
            self.work()

    def work(self) -> None:
        while not self.busy and (job := self.utterances.take()) is not None:
            self.jobs.append(job)
            self.said += self.utterances.read(job, f"text {job.from_ms}-{job.until_ms}")

    @property
    def finals(self) -> list[tuple[int, int | None]]:
        return [(t.from_ms, t.until_ms) for t in self.said if t.final]


def test_silence_is_no_work() -> None:
    call = Call()
    call.hear(False, 5000, pause=True)
    assert call.jobs == []
    assert call.said == []


def test_a_pause_is_read_at_once_and_stands_as_final_without_another_job() -> None:
    call = Call()
    call.hear(False, 1000)
    call.hear(True, 300)
    call.hear(False, 200, pause=True)
    assert [(j.from_ms, j.until_ms, j.final) for j in call.jobs] == [(700, 1500, False)]
    call.hear(False, 300)
    assert len(call.jobs) == 1
    assert call.said[-1] == Transcript("text 700-1500", True, 1500, 700)


def test_audio_of_a_job_is_its_span() -> None:
    call = Call()
    call.hear(False, 1000)
    call.hear(True, 900)
    call.hear(False, 200, pause=True)
    assert call.jobs
    for job in call.jobs:
        assert len(job.pcm) == (job.until_ms - job.from_ms) * 16


def test_a_long_utterance_gets_partials_first_after_400_then_every_600_ms() -> None:
    call = Call()
    call.hear(False, 500)
    call.hear(True, 2000)
    assert [job.until_ms for job in call.jobs] == [900, 1500, 2100]
    assert {job.from_ms for job in call.jobs} == {200}


def test_voice_after_a_pause_is_the_same_utterance_and_is_read_again() -> None:
    call = Call()
    call.hear(True, 300)
    call.hear(False, 200, pause=True)
    call.hear(True, 300)
    call.hear(False, 200, pause=True)
    call.hear(False, 300)
    assert call.finals == [(0, 1000)]


def test_half_a_second_without_voice_parts_two_utterances() -> None:
    call = Call()
    for _ in range(2):
        call.hear(True, 300)
        call.hear(False, 200, pause=True)
        call.hear(False, FINAL_SILENCE_MS)
    assert call.finals == [(0, 500), (700, 1500)]


def test_a_busy_recogniser_gets_only_the_newest_job() -> None:
    call = Call()
    call.busy = True
    call.hear(True, 2000)
    call.busy = False
    call.work()
    assert [job.until_ms for job in call.jobs] == [1600]


def test_a_final_whose_job_is_still_running_needs_no_second_one() -> None:
    call = Call()
    call.busy = True
    call.hear(True, 300)
    call.hear(False, 200, pause=True)
    job = call.utterances.take()
    assert job is not None
    call.hear(False, 300)
    assert call.finals == []
    assert call.utterances.read(job, "yes") == [Transcript("yes", True, 500, 0)]
    assert call.utterances.take() is None


def test_a_final_is_never_dropped_by_newer_speech() -> None:
    call = Call()
    call.busy = True
    call.hear(True, 300)
    call.hear(False, 200, pause=True)
    call.hear(False, 300)
    call.hear(True, 600)
    call.busy = False
    call.work()
    assert call.jobs[0].final
    assert (call.jobs[0].from_ms, call.jobs[0].until_ms) == (0, 500)
    assert call.jobs[1].from_ms >= 500


def test_a_text_that_is_overtaken_by_its_final_says_nothing() -> None:
    call = Call()
    call.busy = True
    call.hear(True, 500)
    early = call.utterances.take()
    assert early is not None
    call.hear(True, 300)
    call.hear(False, 500)
    assert call.utterances.read(early, "half") == []


def test_speech_without_end_is_split_at_its_last_dip() -> None:
    call = Call()
    call.hear(True, 8000)
    call.hear(False, 100)
    call.hear(True, 6000)
    (first,) = call.finals
    assert first == (0, 8050)
    assert {t.from_ms for t in call.said if (t.until_ms or 0) > LONGEST_MS} == {8050}


def test_speech_without_a_dip_is_split_at_its_quietest_moment() -> None:
    call = Call()
    loud = (b"\x00\x40" * 800)[:1600]
    for ms in range(100, LONGEST_MS + 100, 100):
        pcm = bytes(1600) if ms == 10_000 else loud
        call.said += call.utterances.hear(Heard(pcm, ms, True))
        call.work()
    assert call.finals == [(0, 9900)]


def test_lost_audio_is_silence_and_offsets_stay_exact() -> None:
    call = Call()
    call.hear(True, 300)
    call.ms += 400
    call.hear(True, 300)
    call.hear(False, 200, pause=True)
    job = call.jobs[-1]
    assert (job.from_ms, job.until_ms, len(job.pcm)) == (0, 1200, 1200 * 16)


def test_the_end_of_the_audio_makes_final_what_is_there() -> None:
    call = Call()
    call.hear(True, 300)
    assert call.utterances.end(call.ms) == []
    call.work()
    assert call.finals == [(0, 300)]


def test_no_words_are_said_only_where_words_were_shown_or_as_a_final() -> None:
    utterances = Utterances()
    utterances.hear(Heard(PIECE, 100, True))
    utterances.hear(Heard(PIECE, 200, False, True))
    job = utterances.take()
    assert job is not None
    assert utterances.read(job, "") == []
    said = [t for ms in range(300, 700, 100) for t in utterances.hear(Heard(PIECE, ms, False))]
    assert said == [Transcript("", True, 200, 0)]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=300))
def test_finals_follow_each_other_without_overlap_and_none_is_lost(pieces: list[tuple[bool, bool, bool]]) -> None:
    call = Call()
    for voiced, pause, busy in pieces:
        call.busy = busy
        call.hear(voiced, pause=pause)
    call.busy = False
    call.said += call.utterances.end(call.ms)
    call.work()
    edges = [edge for final in call.finals for edge in final]
    assert edges == sorted(edges)  # type: ignore[type-var]
    for at, (voiced, _, _) in enumerate(pieces):
        if voiced:
            assert any(start <= at * 100 and (at + 1) * 100 <= (until or 0) for start, until in call.finals)
