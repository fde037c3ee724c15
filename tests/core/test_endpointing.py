from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.config import Settings
from agentd.core.endpointing import Cue, Endpointer

FRAME_MS = 20
LOUD, QUIET = 2000.0, 5.0


class Play:
    """A caller in frames: "v" voiced, "." silent; cues with the frame (counted from 0) at which they came."""

    def __init__(self, **settings: object) -> None:
        self.ears = Endpointer(Settings.of(**settings))
        self.cues: list[tuple[int, str]] = []

    def voice(self, ms: int, level: float = LOUD, threshold: float = 35.0) -> Play:
        return self._frames(ms, voiced=True, level=level, threshold=threshold)

    def silence(self, ms: int, level: float = QUIET, threshold: float = 35.0) -> Play:
        return self._frames(ms, voiced=False, level=level, threshold=threshold)

    def click(self) -> Play:
        return self.voice(20)

    def fade(self) -> Play:
        """A voice that dies away over 200 ms: no sharp fall."""
        for level in (1000.0, 500.0, 250.0, 120.0, 60.0):
            self._frames(40, voiced=True, level=level, threshold=35.0)
        return self

    def words(self, text: str, *, until_ms: int | None = None, complete: bool = False) -> Play:
        """Words that rest on all of the audio so far, unless said otherwise."""
        covers = self.ears.frame * FRAME_MS if until_ms is None else until_ms
        self._note(self.ears.words(text, covers, complete))
        return self

    def of(self, cue: Cue) -> list[int]:
        return [frame for frame, name in self.cues if name == cue.name]

    def waited_ms(self) -> int:
        """From T1 to the last EOU."""
        return (self.of(Cue.EOU)[-1] - self.ears.last_voiced_frame) * FRAME_MS

    def _frames(self, ms: int, *, voiced: bool, level: float, threshold: float) -> Play:
        for _ in range(ms // FRAME_MS):
            self._note(self.ears.hear(voiced, level, threshold))
        return self

    def _note(self, cue: Cue | None) -> None:
        if cue is not None:
            self.cues.append((self.ears.frame - 1, cue.name))


# --- onsets


def test_an_onset_is_three_frames_of_voice_and_dates_from_the_first() -> None:
    play = Play().silence(400).voice(60)
    assert play.cues == [(22, "ONSET")]
    assert play.ears.onset_frame == 20
    assert play.ears.in_utterance
    assert play.ears.voiced_frames == 3


def test_clicks_are_no_onset() -> None:
    play = Play()
    for _ in range(20):
        play.click().silence(60)
    assert play.cues == []


def test_just_after_our_speech_an_onset_must_be_longer_and_louder() -> None:
    play = Play().silence(200)
    play.ears.agent_spoke()
    assert play.voice(600, level=50, threshold=40).cues == []
    play.voice(100, level=70, threshold=40)
    assert play.cues == []
    play.voice(20, level=70, threshold=40)
    assert play.of(Cue.ONSET) == [play.ears.frame - 1]
    assert (play.ears.frame - play.ears.onset_frame) * FRAME_MS == 120


def test_the_refractory_period_ends() -> None:
    play = Play()
    play.ears.agent_spoke()
    play.silence(760).voice(60, level=40, threshold=35)
    assert len(play.of(Cue.ONSET)) == 1


# --- the end


@pytest.mark.parametrize(("profile", "wait_ms"), [("fast", 340), ("balanced", 440), ("patient", 700)])
def test_silence_ends_an_utterance(profile: str, wait_ms: int) -> None:
    play = Play(profile=profile).silence(200).voice(1600).fade().silence(1000)
    assert play.ears.reason == "silence"
    assert play.waited_ms() == pytest.approx(wait_ms, abs=FRAME_MS)
    assert not play.ears.in_utterance


def test_a_setting_by_hand_counts() -> None:
    assert Play(eou_silence_ms=800).voice(1600).fade().silence(1000).waited_ms() == pytest.approx(800, abs=FRAME_MS)


def test_a_short_utterance_gets_more_time_unless_it_is_a_whole_answer() -> None:
    assert Play().voice(600).silence(1000).waited_ms() == pytest.approx(600, abs=FRAME_MS)
    play = Play().voice(300).silence(100).words("yes").silence(1000)
    assert play.ears.reason == "debounce"
    assert play.waited_ms() == 300  # "yes" is often the beginning of "yes, that is right"


def test_a_sound_too_short_is_nothing_until_words_come_of_it() -> None:
    play = Play().voice(160).silence(1000)
    assert play.of(Cue.EOU) == []
    assert not play.ears.in_utterance
    play.words("yes", until_ms=play.ears.frame * FRAME_MS - 300)
    assert play.ears.reason == "silence"
    assert len(play.of(Cue.EOU)) == 1
    assert play.words("yes").of(Cue.EOU) == play.of(Cue.EOU)


def test_the_engine_may_say_that_the_sentence_is_over() -> None:
    play = Play().voice(1600).silence(100).words("is the flat still there", complete=True).silence(1000)
    assert play.ears.reason == "debounce"
    assert play.waited_ms() == 200


def test_words_that_do_not_cover_the_voice_end_nothing_early() -> None:
    play = Play().voice(1000).words("yes", until_ms=500).silence(1000)
    assert play.ears.reason == "silence"


def test_half_a_sentence_and_half_a_number_are_waited_for() -> None:
    for text in ("I am looking for a", "oh five four one two"):
        play = Play().voice(1600).silence(100).words(text).silence(1200)
        assert play.waited_ms() == pytest.approx(800, abs=FRAME_MS)
        assert play.of(Cue.SPECULATE) == []


def test_a_dictated_number_is_one_utterance_and_ends_with_its_last_digit() -> None:
    play = Play()
    said: list[str] = []
    for i, digit in enumerate("0541234567"):
        said.append(digit)
        play.voice(300).silence(100).words(" ".join(said)).silence(80 if i % 2 else 240)
    assert play.of(Cue.EOU) == [250]  # the timeout: the 5 s are over before the number is
    assert play.ears.in_utterance
    play.silence(140)
    assert len(play.of(Cue.EOU)) == 2
    assert play.ears.reason == "debounce"


def test_a_sharp_fall_hurries_only_a_caller_whose_pauses_are_short() -> None:
    stranger = Play().voice(1600).silence(100).words("the flat in Haifa").silence(600)
    assert stranger.waited_ms() == pytest.approx(440, abs=FRAME_MS)
    known = Play(max_utt_sec=60)
    for _ in range(14):
        known.voice(300).silence(120)
    known.voice(600).silence(100).words("the flat in Haifa").silence(600)
    assert known.waited_ms() == pytest.approx(220, abs=FRAME_MS)


def test_the_wait_follows_the_pauses_of_the_caller() -> None:
    slow = Play(max_utt_sec=60)
    for _ in range(3):
        slow.voice(800).silence(420)
    slow.voice(800).fade().silence(1000)
    assert slow.waited_ms() == pytest.approx(520, abs=FRAME_MS)
    quick = Play(max_utt_sec=60)
    for _ in range(16):
        quick.voice(300).silence(120)
    quick.voice(800).fade().silence(1000)
    assert quick.waited_ms() == pytest.approx(300, abs=FRAME_MS)


def test_in_noise_the_wait_is_longer() -> None:
    play = Play()
    play.silence(400, level=300, threshold=700).voice(2000, level=1500, threshold=700)
    play.silence(1000, level=300, threshold=700)
    assert play.waited_ms() == pytest.approx(570, abs=FRAME_MS)


def test_noise_that_passes_for_voice_is_ended_by_the_words() -> None:
    play = Play(max_utt_sec=60).silence(400, level=250, threshold=600).voice(1500, level=2500, threshold=600)
    play.words("I would like to rent a flat")
    for _ in range(15):
        play.voice(100, level=300, threshold=250)
        play.words("I would like to rent a flat")
    assert play.ears.reason == "debounce"
    assert len(play.of(Cue.EOU)) == 1
    assert play.voice(1000, level=290, threshold=250).of(Cue.ONSET) == play.of(Cue.ONSET)
    assert len(play.silence(100).voice(200, level=2500, threshold=250).of(Cue.ONSET)) == 2


def test_a_drawn_out_um_is_not_ended_by_the_words() -> None:
    play = Play(max_utt_sec=60).voice(1500, level=2500, threshold=600).words("I would like to")
    for _ in range(20):
        play.voice(100, level=1000, threshold=600).words("I would like to")
    assert play.of(Cue.EOU) == []


# --- speculation


def test_thinking_starts_when_stable_words_cover_the_voice() -> None:
    play = Play().voice(1600).words("is it", until_ms=800).silence(100).words("is it free").silence(200)
    assert [(f - play.ears.last_voiced_frame) * FRAME_MS for f in play.of(Cue.SPECULATE)] == [160]
    assert play.words("is it free").silence(60).of(Cue.SPECULATE) == play.of(Cue.SPECULATE)
    play.words("is it free now").silence(100)
    assert len(play.of(Cue.SPECULATE)) == 2


def test_words_that_come_late_start_thinking_when_they_have_stood_still() -> None:
    play = Play().voice(1600).silence(240).words("is it free").silence(80)
    assert [(f - play.ears.last_voiced_frame) * FRAME_MS for f in play.of(Cue.SPECULATE)] == [300]


def test_two_voiced_frames_take_it_back_and_a_click_does_not() -> None:
    play = Play().voice(1600).silence(100).words("is it free").silence(100)
    assert len(play.of(Cue.SPECULATE)) == 1
    t1 = play.ears.last_voiced_frame
    play.click().silence(40)
    assert play.of(Cue.RESUME) == []
    assert play.ears.last_voiced_frame == t1
    play.voice(40)
    assert play.of(Cue.RESUME) == [play.ears.frame - 1]
    assert play.ears.in_utterance


def test_a_recogniser_without_offsets_is_taken_to_be_late() -> None:
    play = Play().voice(1600).silence(200)
    assert play.ears.words("is it free", None, False) is None
    assert play.silence(180).of(Cue.SPECULATE) == []
    play.silence(20)
    assert play.ears.words("is it free", None, False) is Cue.SPECULATE


# --- long speech, and speech that goes on


def test_after_the_longest_utterance_there_is_one_timeout_and_it_goes_on() -> None:
    play = Play().voice(8000)
    assert [(f, play.ears.reason) for f in play.of(Cue.EOU)] == [(250, "timeout")]
    assert play.ears.in_utterance
    play.fade().silence(300)
    assert len(play.of(Cue.EOU)) == 1  # a gap between two digits is not the end of a long number either
    play.silence(300)
    assert play.ears.reason == "silence"
    assert len(play.of(Cue.EOU)) == 2


def test_the_last_dip_is_the_last_silence_longer_than_a_gap_inside_a_word() -> None:
    play = Play().silence(200).voice(1000)
    assert play.ears.dip_frame == play.ears.onset_frame == 10
    play.silence(100).voice(1000)
    assert play.ears.dip_frame == 60
    play.silence(40).voice(1000)
    assert play.ears.dip_frame == 60
    play.silence(200)
    assert play.ears.dip_frame == 60  # they may not go on
    play.voice(1000)
    assert play.ears.dip_frame == 167


def test_a_caller_who_goes_on_after_the_end_is_in_the_same_utterance() -> None:
    play = Play().silence(200).voice(1600).fade().silence(600)
    assert len(play.of(Cue.EOU)) == 1
    onset, voiced = play.ears.onset_frame, play.ears.voiced_frames
    play.voice(100)
    assert len(play.of(Cue.ONSET)) == 2
    play.ears.reopen()
    assert play.ears.onset_frame == onset
    assert play.ears.voiced_frames == voiced + 5
    assert play.ears.in_utterance
    play.voice(500).fade().silence(560)
    assert len(play.of(Cue.EOU)) == 1  # whoever paused for 600 ms may do so again
    play.silence(100)
    assert len(play.of(Cue.EOU)) == 2


def test_reopen_without_an_end_before_it_changes_nothing() -> None:
    play = Play().voice(400)
    play.ears.reopen()
    assert (play.ears.onset_frame, play.ears.voiced_frames) == (0, 20)
    fresh = Play()
    fresh.ears.reopen()
    assert not fresh.ears.in_utterance


def test_a_dropped_utterance_ends_for_nobody() -> None:
    play = Play().voice(1000)
    play.ears.drop()
    assert not play.ears.in_utterance
    assert play.silence(1000).words("hello").of(Cue.EOU) == []


frame = st.tuples(st.sampled_from([0.0, 5.0, 40.0, 200.0, 3000.0]), st.booleans())
step = st.one_of(frame, st.sampled_from(["words", "yes", "0 5 4", "reopen", "drop", "spoke"]))


@given(st.lists(step, max_size=400), st.sampled_from(["fast", "balanced", "patient"]))
def test_whatever_happens_its_figures_hang_together(steps: list[object], profile: str) -> None:
    ears = Endpointer(Settings.of(profile=profile))
    for what in steps:
        before = ears.in_utterance
        cue = None
        match what:
            case (level, voiced):
                cue = ears.hear(voiced, level, 35.0)
            case "reopen":
                ears.reopen()
            case "drop":
                ears.drop()
            case "spoke":
                ears.agent_spoke()
            case str(text):
                cue = ears.words(text, ears.frame * FRAME_MS, False)
        assert -1 <= ears.onset_frame <= max(ears.last_voiced_frame, ears.onset_frame) < max(ears.frame, 1)
        assert ears.silence_ms >= 0
        assert 0 <= ears.voiced_frames <= ears.frame
        if cue is Cue.ONSET:
            assert ears.in_utterance
            assert not before
        if cue is Cue.EOU:
            assert ears.reason in ("silence", "debounce", "timeout")
            assert ears.in_utterance is (ears.reason == "timeout")
        if cue in (Cue.RESUME, Cue.SPECULATE):
            assert ears.in_utterance
