from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.config import Settings
from agentd.core.barge_in import BargeIn, Verdict, is_backchannel

FRAME_MS = 20


class Play:
    def __init__(self, **settings: object) -> None:
        self.judge = BargeIn(Settings.of(**settings))
        self.frame = 0
        self.said: list[tuple[int, str]] = []  # (ms since the start, verdict)

    def speaking(self) -> Play:
        self.judge.speaking()
        return self

    def sound(self, pattern: str) -> Play:
        """A frame for each sign; "v" is voice."""
        for sign in pattern:
            verdict = self.judge.hear(sign == "v", 2000.0 if sign == "v" else 5.0)
            self.frame += 1
            self._note(verdict)
        return self

    def voice(self, ms: int) -> Play:
        return self.sound("v" * (ms // FRAME_MS))

    def silence(self, ms: int) -> Play:
        return self.sound("." * (ms // FRAME_MS))

    def words(self, text: str) -> Play:
        self._note(self.judge.words(text))
        return self

    def _note(self, verdict: Verdict | None) -> None:
        if verdict is not None:
            self.said.append((self.frame * FRAME_MS, verdict.name))


def test_voice_of_180_ms_holds_our_speech() -> None:
    play = Play().silence(100).speaking().silence(400).voice(160)
    assert play.said == []
    assert play.voice(20).said == [(680, "HOLD")]
    assert play.judge.onset_frame * FRAME_MS == 500


def test_a_dip_does_not_start_the_count_again_and_rattling_does_not_add_up() -> None:
    assert Play().speaking().silence(300).sound("vvvv.vv.vvv").said == [(520, "HOLD")]
    assert Play().speaking().silence(300).sound("vv..vv..vv.." * 20).said == []


def test_the_first_moments_of_our_speech_are_not_interrupted() -> None:
    play = Play().speaking().voice(380)
    assert play.said == [(380, "HOLD")]  # 200 ms of grace, then 180
    assert Play(barge_in_grace_ms=0).speaking().voice(180).said == [(180, "HOLD")]


def test_seven_hundred_ms_of_voice_take_the_floor() -> None:
    assert Play().speaking().silence(300).voice(1000).said == [(480, "HOLD"), (1000, "TAKE")]


def test_words_take_it_at_once() -> None:
    play = Play().speaking().silence(300).voice(240).words("wait a moment")
    assert play.said == [(480, "HOLD"), (540, "TAKE")]
    assert play.voice(2000).said[2:] == []


def test_words_and_some_voice_take_it_before_the_hold() -> None:
    play = Play().speaking().silence(300).voice(120).words("no")
    assert play.said == [(420, "TAKE")]
    assert play.judge.onset_frame * FRAME_MS == 300


def test_words_without_voice_are_of_something_before() -> None:
    assert Play().speaking().silence(600).words("a flat in Haifa").said == []


def test_a_cough_is_released_within_800_ms() -> None:
    play = Play().speaking().silence(300).voice(240).silence(1000)
    assert play.said == [(480, "HOLD"), (540 + 800 + 20, "RELEASE")]


def test_a_backchannel_is_released_soon() -> None:
    play = Play().speaking().silence(300).voice(300).words("כן").silence(1000)
    assert [name for _, name in play.said] == ["HOLD", "RELEASE"]
    assert play.said[1][0] - 600 <= 300


def test_a_click_does_not_put_the_release_off() -> None:
    play = Play().speaking().silence(300).voice(240).sound(("." * 10 + "v") * 5)
    assert [name for _, name in play.said] == ["HOLD", "RELEASE"]


def test_after_a_release_the_next_sound_counts_again() -> None:
    play = Play().speaking().silence(300).voice(240).silence(900)
    play.speaking().silence(300).voice(240)
    assert [name for _, name in play.said] == ["HOLD", "RELEASE", "HOLD"]


def test_when_nobody_speaks_there_is_nothing_to_interrupt() -> None:
    assert Play().voice(3000).words("hello there").said == []
    play = Play().speaking()
    play.judge.stop()
    assert play.voice(3000).said == []


def test_it_can_be_switched_off() -> None:
    assert Play(barge_in=False).speaking().voice(3000).words("stop").said == []


@pytest.mark.parametrize(
    "text", ["mm-hm", "Mm.", "uh-huh", "Yeah.", "yeah, yeah", "okay", "I see.", "כן", "כן, כן", "אהה", "אוקיי", "הבנתי"]
)
def test_backchannels(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text", ["no", "wait", "yes I want it", "okay but", "yes yes yes yes", "כן אבל", "לא", "רגע", "", "5", "okay?"]
)
def test_what_is_no_backchannel(text: str) -> None:
    assert not is_backchannel(text)


@given(st.lists(st.sampled_from(["v", ".", "speaking", "yeah", "stop it"]), max_size=300))
def test_every_hold_is_answered_by_one_take_or_release(steps: list[str]) -> None:
    judge = BargeIn(Settings.of())
    held = False
    for what in steps:
        if what == "speaking":
            judge.speaking()
            held = False
            continue
        verdict = judge.hear(what == "v", 100.0) if len(what) == 1 else judge.words(what)
        if verdict is Verdict.HOLD:
            assert not held
        if verdict is Verdict.RELEASE:
            assert held
        held = verdict is Verdict.HOLD or (held and verdict is None)
