"""Which calls are lost: those that broke off under a caller who was still there, and who had something to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.losses import Losses
from agentd.events import CallEnded, CallerSaid, Event, Private, RecordingKnown, SlotsKnown, Watchdog, Webhook, WsStart
from agentd.events_beside import DialEnded

DANA = Private("+972501234567")
START = WsStart(stream_sid="MZ", mode="AI", caller=DANA, called="+972")
SPOKE = CallerSaid(turn=1, from_ms=0, until_ms=1, text=Private("a flat"))
FULL = SlotsKnown(turn=1, filled=3, missing=0, values=Private("{}"))
PART = SlotsKnown(turn=1, filled=1, missing=2, values=Private("{}"))


def ended(reason: str, generation: int = 1) -> Event:
    return CallEnded(call_sid="CA1", reason=reason, duration_s=1, turns=1, generation=generation)


def asked(reason: str) -> Event:
    return Webhook(path="/webhook/stream_ended", status=200, reason=reason, call_sid="CA1")


def status(word: str) -> Event:
    return Webhook(path="/webhook/call_status", status=204, reason=word, call_sid="CA1")


def dialled(word: str, then: str) -> Event:
    return DialEnded(call_sid="CA1", status=word, then=then)


def voicemail(word: str) -> Event:
    return RecordingKnown(call_sid="CA1", recording_sid="RE1", status=word, duration_s=3, voicemail=True)


RECORDED = RecordingKnown(call_sid="CA1", recording_sid="RE1", status="completed", duration_s=60)
BROKE = [START, SPOKE, ended("lost")]


def lost(*events: Event, generation: int = 1) -> list[str]:
    losses = Losses()
    found = [
        losses.see(e, "CA1" if isinstance(e, WsStart | CallerSaid | SlotsKnown) else "", generation) for e in events
    ]
    return [call.call_sid for call in found if call is not None]


@pytest.mark.parametrize(
    "events",
    [
        [*BROKE, asked("resume"), status("completed")],
        [*BROKE, asked("resume"), asked("over")],
        [*BROKE, asked("resume"), asked("fallback"), status("completed")],
        [*BROKE, asked("resume"), START, ended("crash"), asked("fallback"), status("completed")],
        [START, SPOKE, PART, ended("no-media"), asked("resume"), status("completed")],
        [START, SPOKE, ended("stalled-reader"), Watchdog(what="no-media", action="fallback", call_sid="CA1"),
         status("completed")],
        [START, SPOKE, asked("resume"), ended("lost"), status("completed")],  # Twilio was quicker than our timer
        [*BROKE, asked("fallback"), voicemail("absent"), status("completed")],
        [*BROKE, asked("fallback"), dialled("no-answer", "voicemail"), status("completed")],
        [*BROKE, RECORDED, asked("fallback"), status("completed")],  # of the conversation: no message for us
    ],
)  # fmt: skip
def test_lost_once(events: list[Event]) -> None:
    assert lost(*events) == ["CA1"]
    assert lost(*events, status("completed"), asked("over")) == ["CA1"]


@pytest.mark.parametrize(
    "events",
    [
        [START, SPOKE, ended("stop"), asked("over"), status("completed")],  # they hung up
        [START, SPOKE, status("completed"), ended("lost")],
        [*BROKE, status("completed")],  # nobody knows that they were still there
        [START, ended("lost"), asked("resume"), status("completed")],  # they had said nothing
        [START, SPOKE, FULL, ended("lost"), asked("resume"), status("completed")],  # all was said
        [*BROKE, asked("resume"), START, ended("stop"), status("completed")],  # resumed, and ended well
        [*BROKE, asked("resume"), START, status("completed")],
        [START, SPOKE, ended("drain"), status("completed")],
        [START, SPOKE, ended("handover"), asked("decided"), status("completed")],
        [*BROKE, asked("fallback"), voicemail("completed"), status("completed")],
        [*BROKE, asked("fallback"), dialled("completed", "done"), status("completed")],
        [asked("resume"), status("completed")],  # of an earlier process: who knows what they said
    ],
)
def test_not_lost(events: list[Event]) -> None:
    assert lost(*events) == []


def test_the_end_of_a_stream_that_was_replaced_ends_nothing() -> None:
    losses = Losses()
    for event, generation in ((START, 1), (SPOKE, 1), (START, 2)):
        losses.see(event, "CA1", generation)
    losses.see(ended("superseded", 1), "", 0)
    for event in (ended("lost", 2), asked("resume")):
        assert losses.see(event, "", 0) is None
    assert losses.see(status("completed"), "", 0) is not None


def test_a_message_that_is_told_after_the_end_is_known() -> None:
    losses = Losses()
    for event in (*BROKE, asked("fallback")):
        losses.see(event, "CA1", 1)
    assert losses.see(status("completed"), "", 0) is not None
    assert not losses.helped("CA1")
    losses.see(voicemail("completed"), "", 0)
    assert losses.helped("CA1")


EVENTS = [START, SPOKE, FULL, PART, ended("lost"), ended("stop"), asked("resume"), asked("over"), status("completed"),
          status("ringing"), voicemail("completed"), RECORDED]  # fmt: skip


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_whatever_is_told_nobody_is_lost_without_a_break_and_words(events: list[Event]) -> None:
    for n in range(len(events) + 1):
        if lost(*events[:n]) and not lost(*events[: n - 1]):
            before = events[:n]
            assert START in before
            assert SPOKE in before
            assert asked("resume") in before
