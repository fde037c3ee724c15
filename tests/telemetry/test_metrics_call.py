"""What a call's tape says about interruptions and about how the call closed."""

from __future__ import annotations

import pytest

from agentd.events import (
    BargeIn,
    CallEnded,
    CallerSaid,
    Event,
    MarkSent,
    Private,
    Recorded,
    SlotsKnown,
    ToolOver,
    TtsStart,
)
from agentd.telemetry.metrics_call import CallMeasures, Closed, FalseAlarm, Halted, Interrupted, Measure


def read(*events: Event | tuple[int, Event]) -> list[Measure]:
    """Events with the frame at which they came; (frame, event) sets it for those that follow."""
    measures, frame, found = CallMeasures(), 0, []
    for seq, each in enumerate(events):
        frame, event = each if isinstance(each, tuple) else (frame, each)
        found += measures.read(Recorded("CA1", 1, seq, frame * 20, frame, event))
    return found


def barge(phase: str, turn: int = 3, onset_ms: int = 1000) -> BargeIn:
    return BargeIn(phase=phase, turn=turn, why="voice", onset_ms=onset_ms)


def said(*, late: bool = False) -> CallerSaid:
    return CallerSaid(turn=4, from_ms=1000, until_ms=2000, text=Private("no"), late=late)


def ended(reason: str = "stop", turns: int = 9) -> CallEnded:
    return CallEnded(call_sid="CA1", reason=reason, duration_s=60.0, turns=turns)


def tool(name: str, outcome: str, turn: int) -> ToolOver:
    return ToolOver(turn=turn, tool=name, outcome=outcome, ms=5)


def slots(turn: int, missing: int, filled: int = 3) -> SlotsKnown:
    return SlotsKnown(turn=turn, filled=filled, missing=missing, values=Private("{}"))


def test_a_good_interruption_is_halted_in_time_taken_once_and_followed_by_words() -> None:
    assert read((60, barge("hold")), (80, barge("take")), (130, said())) == [Halted(200), Interrupted("ok")]


def test_the_halt_is_that_of_the_hold_and_not_of_the_take() -> None:
    assert read((59, barge("hold")), (95, barge("take"))) == [Halted(180)]


def test_words_take_without_a_hold() -> None:
    assert read((55, barge("take")), said()) == [Halted(100), Interrupted("ok")]


def test_a_hold_that_is_released_is_a_false_alarm_and_leaves_nothing_behind() -> None:
    assert read((60, barge("hold")), (110, barge("release")), (200, barge("take", onset_ms=3900)), said()) == [
        Halted(200),
        FalseAlarm(),
        Halted(100),
        Interrupted("ok"),
    ]


@pytest.mark.parametrize("why", ["dtmf", "goodbye"])
def test_keys_and_hand_overs_silence_us_and_are_no_interruption(why: str) -> None:
    assert read((60, BargeIn(phase="take", turn=3, why=why, onset_ms=0)), said()) == []


def test_a_hold_that_keys_ended_is_nothing_to_the_next_turn() -> None:
    keys = BargeIn(phase="take", turn=3, why="dtmf", onset_ms=0)
    found = read((60, barge("hold")), keys, (155, barge("take", turn=4, onset_ms=3000)), said())
    assert found == [Halted(200), Halted(100), Interrupted("ok")]


def test_over_200_ms_is_late_however_well_it_went_on() -> None:
    assert read((61, barge("hold")), barge("take"), said()) == [Halted(220), Interrupted("late")]


@pytest.mark.parametrize(
    "old",
    [TtsStart(turn=3), MarkSent(mark="t3.0:50"), MarkSent(mark="assistant_tts_end:3")],
    ids=["speech", "mark", "end mark"],
)
def test_anything_of_the_old_turn_after_the_take_is_an_old_frame(old: Event) -> None:
    assert read((60, barge("take")), old, said()) == [Halted(200), Interrupted("old-frame")]


def test_marks_of_other_turns_and_of_guards_are_not() -> None:
    found = read((60, barge("take")), MarkSent(mark="t31.0:50"), MarkSent(mark="hb:3"), said())
    assert found == [Halted(200), Interrupted("ok")]


@pytest.mark.parametrize("then", [TtsStart(turn=4), ended()], ids=["we speak first", "the call ends"])
def test_an_interruption_without_words_is_none_that_succeeded(then: Event) -> None:
    assert read((60, barge("take")), then)[:2] == [Halted(200), Interrupted("no-words")]


def test_each_interruption_is_judged_once() -> None:
    assert read((60, barge("take")), said(), said(), TtsStart(turn=4), MarkSent(mark="t3.0:1")) == [
        Halted(200),
        Interrupted("ok"),
    ]


def test_a_correction_of_earlier_words_is_no_word_that_followed() -> None:
    found = read((60, barge("take")), said(late=True), TtsStart(turn=4))
    assert found == [Halted(200), Interrupted("no-words")]


def test_a_meeting_closes_a_call_at_its_own_turn() -> None:
    found = read(slots(4, 0), tool("calendar.create", "ok", 7), tool("calendar.create", "ok", 8), ended(turns=11))
    assert found == [Closed("meeting", 7)]


def test_without_a_meeting_it_closes_when_all_is_known() -> None:
    found = read(slots(2, 2), slots(5, 0), slots(6, 0), tool("calendar.create", "error", 7), ended())
    assert found == [Closed("lead", 5)]


def test_what_is_unknown_again_after_a_correction_is_not_all_that_is_needed() -> None:
    assert read(slots(5, 0), slots(6, 1), ended()) == [Closed("open", 9)]


def test_a_playbook_that_asks_for_nothing_is_not_closed_by_it() -> None:
    assert read(slots(1, 0, filled=0), ended()) == [Closed("open", 9)]


@pytest.mark.parametrize(("reason", "outcome"), [("handover", "handover"), ("stop", "open"), ("lost", "open")])
def test_else_it_ends_in_a_hand_over_or_open(reason: str, outcome: str) -> None:
    assert read(ended(reason)) == [Closed(outcome, 9)]
