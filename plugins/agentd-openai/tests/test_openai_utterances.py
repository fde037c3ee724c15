"""A call's audio cut into recordings: when one is asked, what is told of the answers, and that offsets are exact."""

from __future__ import annotations

from agentd_openai.utterances import LONGEST_MS, Job, Utterances
from hypothesis import given
from hypothesis import strategies as st

from agentd.engines import Heard, Transcript

PIECE = bytes(1600)


class Session:
    """Feeds an `Utterances`: v voice, . silence, | silence at whose end the speaker has paused, each 100 ms; every job
    is answered at once with its span, unless `mute`."""

    def __init__(self) -> None:
        self.utterances = Utterances()
        self.ms = 0
        self.jobs: list[Job] = []
        self.told: list[Transcript] = []
        self.mute = False

    def hear(self, plan: str) -> None:
        for what in plan:
            self.ms += 100
            self.do(self.utterances.hear(Heard(PIECE, self.ms, what == "v", what == "|")))

    def end(self) -> None:
        self.do(self.utterances.end())

    def do(self, job: Job | None) -> None:
        if job is not None:
            self.jobs.append(job)
            if not self.mute:
                self.utterances.answer(job, f"{job.from_ms}-{job.until_ms}")
        self.told += self.utterances.ready()

    @property
    def finals(self) -> list[tuple[int, int | None]]:
        return [(t.from_ms, t.until_ms) for t in self.told if t.final]


def test_silence_is_no_utterance() -> None:
    session = Session()
    session.hear("." * 50 + "|....")
    session.end()
    assert (session.jobs, session.told) == ([], [])


def test_a_pause_is_asked_at_once_and_its_text_becomes_final_without_another_request() -> None:
    session = Session()
    session.hear("....." + "v" * 8 + ".|")
    assert [(j.from_ms, j.until_ms, j.voiced_ms, len(j.pcm)) for j in session.jobs] == [(200, 1500, 800, 1300 * 16)]
    assert session.told == [Transcript("200-1500", False, 1500, 200)]
    session.hear("....")
    assert session.told[1:] == [Transcript("200-1500", True, 1500, 200)]
    assert len(session.jobs) == 1


def test_a_pause_within_a_sentence_is_asked_again_whole() -> None:
    session = Session()
    session.hear("vvv.|vvv.|....")
    assert [(j.from_ms, j.until_ms) for j in session.jobs] == [(0, 500), (0, 1000)]
    assert session.finals == [(0, 1000)]


def test_long_speech_shows_a_partial_about_every_two_seconds() -> None:
    session = Session()
    session.hear("v" * 70)
    assert [t.until_ms for t in session.told] == [2300, 4300, 6300]
    assert not session.finals


def test_speech_without_end_is_parted_at_its_last_dip() -> None:
    session = Session()
    session.hear("v" * 80 + "." + "v" * 40 + ".|....")
    assert session.finals == [(0, 8050), (8050, 12300)]


def test_speech_without_a_dip_is_parted_at_ten_seconds() -> None:
    session = Session()
    session.hear("v" * 120 + ".|....")
    assert session.finals == [(0, LONGEST_MS), (LONGEST_MS, 12200)]


def test_texts_of_the_whole_are_not_told_for_a_part_of_it() -> None:
    session = Session()
    session.mute = True
    session.hear("v" * 101)
    whole, part = session.jobs[-2:]
    session.utterances.answer(whole, "first and second")
    assert session.utterances.ready() == []
    session.utterances.answer(part, "first")
    assert session.utterances.ready() == [Transcript("first", True, LONGEST_MS, 0)]


def test_a_late_text_of_less_audio_is_dropped() -> None:
    session = Session()
    session.mute = True
    session.hear("v" * 45)
    early, late = session.jobs
    session.utterances.answer(late, "late")
    assert session.utterances.ready() == [Transcript("late", False, 4300, 0)]
    session.utterances.answer(early, "early")
    assert session.utterances.ready() == []
    assert not session.utterances.wanted(early)


def test_the_second_utterance_waits_for_the_first() -> None:
    session = Session()
    session.mute = True
    session.hear("vvv.|......vvv.|......")
    first, second = session.jobs
    session.utterances.answer(second, "two")
    assert session.utterances.ready() == []
    session.utterances.answer(first, "one")
    assert [(t.text, t.final) for t in session.utterances.ready()] == [("one", True), ("two", True)]


def test_no_words_are_told_as_a_final_only() -> None:
    session = Session()
    session.mute = True
    session.hear("vvv.|")
    session.utterances.answer(session.jobs[0], "")
    assert session.utterances.ready() == []
    session.hear("....")
    assert session.told == [Transcript("", True, 500, 0)]


def test_lost_audio_is_silence_and_offsets_stay_exact() -> None:
    session = Session()
    session.hear("vvv")
    session.ms += 400
    session.hear("vvv.|")
    job = session.jobs[-1]
    assert (job.from_ms, job.until_ms, len(job.pcm)) == (0, 1200, 1200 * 16)


def test_the_end_of_the_audio_makes_final_what_is_there() -> None:
    session = Session()
    session.hear("vvv")
    session.end()
    assert session.finals == [(0, 300)]


@given(st.lists(st.sampled_from("vvvvv..|"), max_size=400), st.data())
def test_all_voice_is_in_finals_that_follow_each_other_whatever_the_order_of_answers(
    plan: list[str], data: st.DataObject
) -> None:
    session = Session()
    session.mute = True
    session.hear("".join(plan))
    session.end()
    for job in data.draw(st.permutations(session.jobs)):
        session.utterances.answer(job, "x")
        session.told += session.utterances.ready()
        assert len(job.pcm) == (job.until_ms - job.from_ms) * 16
        assert job.until_ms - job.from_ms <= LONGEST_MS + 300
    edges = [edge for final in session.finals for edge in final]
    assert edges == sorted(edges)  # type: ignore[type-var]
    for nth, what in enumerate(plan):
        if what == "v":
            assert any(a <= nth * 100 and (nth + 1) * 100 <= (b or 0) for a, b in session.finals)
