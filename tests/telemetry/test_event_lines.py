"""Events as log lines: names, levels, one line per turn, nothing about a person."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import pytest

from agentd.config import Settings
from agentd.events import (
    AsrErr,
    AsrText,
    BadInput,
    CallEnded,
    Dtmf,
    EndOfUtterance,
    Event,
    LlmStart,
    PluginFailure,
    Private,
    Recorded,
    StreamRefused,
    Turn,
    Watchdog,
    Webhook,
    WsHandshake,
    WsMedia,
    WsStart,
    WsTx,
)
from agentd.telemetry.privacy import hidden, line_fields, mask_numbers
from agentd.telemetry.sink import LogSubscriber, level, log_event
from agentd.telemetry.turns import turn_fields

SPOKEN = Private("my number is 0501234567")


def asr(*, final: bool = True) -> AsrText:
    return AsrText(length=23, latency_ms=100, final=final, text=SPOKEN)


async def tape(*events: Event) -> AsyncIterator[Recorded]:
    for seq, event in enumerate(events):
        yield Recorded("CA1", 1, seq, seq * 20, seq, event)


@pytest.mark.parametrize(
    ("event", "importance"),
    [
        (WsMedia(rx=50), logging.INFO),
        (WsMedia(rx=100), logging.DEBUG),
        (WsTx(tx=50), logging.INFO),
        (WsTx(tx=550), logging.DEBUG),
        (asr(), logging.INFO),
        (asr(final=False), logging.DEBUG),
        (LlmStart(turn=1, speculative=True), logging.DEBUG),
        (EndOfUtterance(length_ms=900, silence_ms=450, reason="silence"), logging.INFO),
        (Webhook(path="/webhook/incoming_call", status=200), logging.INFO),
        (Webhook(path="/webhook/incoming_call", status=403, reason="signature"), logging.WARNING),
        (CallEnded(call_sid="CA1", reason="hang-up", duration_s=9.0, turns=2), logging.INFO),
        (CallEnded(call_sid="CA1", reason="crash", duration_s=9.0, turns=2, crash="KeyError"), logging.ERROR),
        (StreamRefused(reason="token"), logging.WARNING),
        (AsrErr(error="refused"), logging.WARNING),
        (BadInput(kind="json", count=1), logging.WARNING),
        (WsHandshake(path="/", offered=(), selected=None, signature="valid", refused=None), logging.INFO),
        (WsHandshake(path="/", offered=(), selected=None, signature="wrong", refused="signature"), logging.WARNING),
    ],
)
def test_the_level_says_who_should_read_it(event: Event, importance: int) -> None:
    assert level(event) == importance


async def test_the_subscriber_writes_each_event_with_its_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    reader = LogSubscriber(Settings.of())
    await reader.run(tape(WsMedia(rx=50), WsMedia(rx=100), EndOfUtterance(length_ms=9, silence_ms=4, reason="silence")))
    found = [(r.__dict__["event"], r.__dict__["CALL_SID"], r.__dict__["fields"]) for r in caplog.records]
    assert found == [
        ("WS_MEDIA", "CA1", {"at_ms": 0, "rx": 50}),
        ("EOU", "CA1", {"at_ms": 40, "length_ms": 9, "silence_ms": 4, "reason": "silence"}),
    ]


@pytest.mark.parametrize(
    ("show", "text"), [(False, "(23 chars)"), (True, "my number is ***567")], ids=["hidden", "asked for"]
)
async def test_what_was_said_shows_only_on_request(caplog: pytest.LogCaptureFixture, show: bool, text: str) -> None:
    caplog.set_level(logging.INFO)
    await LogSubscriber(Settings.of(log_transcripts=show)).run(tape(asr()))
    assert caplog.records[0].__dict__["fields"]["text"] == text


@pytest.mark.parametrize("show", [False, True])
def test_a_number_shows_its_last_three_digits_at_most(show: bool) -> None:
    start = WsStart(stream_sid="MZ1", mode="AI", caller=Private("+972501234567"), called="+97239999999")
    fields = line_fields(start, show_private=show)
    assert (fields["caller"], fields["called"], fields["stream_sid"]) == ("***567", "***999", "MZ1")
    assert hidden(Private("123456789")) == "(9 chars)"
    assert line_fields(Dtmf(digits=Private("123456789")), show_private=False)["digits"] == "(9 chars)"


@pytest.mark.parametrize("text", ["CA" + "0" * 32, "1234.567890123", "took 12345678 us", "a1234567890"])
def test_what_is_no_number_of_a_person_stays(text: str) -> None:
    assert mask_numbers(text) == text


def test_a_turn_is_one_json_line_of_the_agreed_names(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    turn = Turn(turn=3, kind="reply", stt_final_ms=210, eou_wait_ms=450, total_latency_ms=800, eou_reason="silence")
    log_event(turn, call_sid="CA1", at_ms=5)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("turn", logging.INFO)
    assert json.loads(record.getMessage()) == {
        "STT_FIRST_PARTIAL_MS": None,
        "STT_FINAL_MS": 210,
        "EOU_WAIT_MS": 450,
        "TTS_READY_MS": None,
        "TOTAL_LATENCY_MS": 800,
        "BARGE_IN_HIT": False,
        "EOU_REASON": "silence",
        "SPECULATIVE": False,
        "FILLER": False,
        "kind": "reply",
        "call_sid": "CA1",
        "turn": 3,
    }


def test_every_figure_of_a_turn_reaches_its_line() -> None:
    taken = {name.lower() for name in turn_fields(Turn(turn=1, kind="reply"), "CA1")} - {"call_sid"}
    assert taken == set(Turn.__struct_fields__)


def test_an_event_of_the_house_about_a_call_is_found_under_that_call(caplog: pytest.LogCaptureFixture) -> None:
    log_event(Watchdog(call_sid="CA7", what="no-start", action="redirect"))
    assert caplog.records[0].__dict__["CALL_SID"] == "CA7"
    assert caplog.records[0].__dict__["fields"] == {"what": "no-start", "action": "redirect"}


def test_events_of_the_house_have_no_call(caplog: pytest.LogCaptureFixture) -> None:
    log_event(PluginFailure(plugin="p", error="agentd_guards: KeyError"))
    assert caplog.records[0].__dict__["CALL_SID"] == ""
    assert caplog.records[0].__dict__["fields"] == {"plugin": "p", "error": "agentd_guards: KeyError"}
