"""TwiML: what Twilio parses is what was meant, whatever the values hold."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from agentd.core import twiml
from agentd.core.twiml import Speech, StreamTo

TO = StreamTo("https://agent.example.com", "agent.example.com")


def parse(document: bytes) -> ET.Element:
    assert document.startswith(b"<?xml")
    root = ET.fromstring(document)
    assert root.tag == "Response"
    return root


def test_connect_names_the_stream_its_callbacks_and_what_comes_after() -> None:
    root = parse(twiml.connect(TO, {"call_sid": "CA1", "token": "t"}))
    assert [child.tag for child in root] == ["Connect"]
    connect = root[0]
    assert connect.attrib == {"action": "https://agent.example.com/webhook/stream_ended", "method": "POST"}
    assert connect[0].attrib == {
        "url": "wss://agent.example.com/ws/twilio-media",
        "statusCallback": "https://agent.example.com/webhook/stream_status",
        "statusCallbackMethod": "POST",
    }
    assert {p.get("name"): p.get("value") for p in connect[0]} == {"call_sid": "CA1", "token": "t"}


@given(st.text(), st.text(max_size=600))
def test_any_text_survives_or_is_cleaned_but_never_breaks_the_document(text: str, value: str) -> None:
    root = parse(twiml.connect(TO, {"from": value}, Speech(text, "he-IL")))
    parameter = root.find("Connect/Stream/Parameter")
    assert len(parameter.get("name") + parameter.get("value")) < 500
    if text.isprintable() and text:
        assert root.find("Say").text == text
        assert root.find("Say").get("language") == "he-IL"


def test_quotes_and_tags_in_a_value_stay_a_value() -> None:
    root = parse(twiml.connect(TO, {"from": "\"/></Stream><Dial>'&\n"}))
    assert len(list(root.iter())) == 4
    assert root.find("Connect/Stream/Parameter").get("value") == "\"/></Stream><Dial>'&\n"


def test_a_cached_phrase_is_played_and_others_are_said() -> None:
    assert parse(twiml.busy(Speech("x", "en-US", "https://h/p.wav"))).find("Play").text == "https://h/p.wav"
    said = parse(twiml.busy(Speech("line busy", "en-US")))
    assert [child.tag for child in said] == ["Say", "Hangup"]


def test_a_fallback_number_takes_the_call() -> None:
    root = parse(twiml.busy(Speech("x", "en-US"), "+97230000000"))
    assert root.find("Dial/Number").text == "+97230000000"
    assert root.find("Say") is None
    root = parse(twiml.fallback(Speech("sorry", "en-US"), "+97230000000", "https://h/r", "https://h/d"))
    assert [child.tag for child in root] == ["Say", "Dial"]
    assert root.find("Dial").get("action") == "https://h/d"


def test_without_a_fallback_number_there_is_a_voicemail() -> None:
    root = parse(twiml.fallback(Speech("sorry", "en-US"), "", "https://h/r", "https://h/d"))
    record = root.find("Record")
    assert record.get("action") == record.get("recordingStatusCallback") == "https://h/r"


def test_a_transfer_asks_its_action_when_it_ends() -> None:
    dial = parse(twiml.transfer("+97230000000", "https://h/after", "+97231111111")).find("Dial")
    assert dial.get("action") == "https://h/after"
    assert dial.get("callerId") == "+97231111111"


def test_a_warm_transfer_meets_in_one_room_and_the_person_is_told_first() -> None:
    caller = parse(twiml.meet("CA1", "https://h/after")).find("Dial")
    person = parse(twiml.whisper(Speech("A flat in Haifa", "en-US"), "CA1"))
    assert caller.get("action") == "https://h/after"
    assert caller.find("Conference").text == person.find("Dial/Conference").text == "CA1"
    assert [child.tag for child in person] == ["Say", "Dial"]
    assert {c.get("endConferenceOnExit") for c in (caller.find("Conference"), person.find("Dial/Conference"))} == {
        "true"
    }


def test_a_voicemail_says_what_it_wants_and_records() -> None:
    root = parse(twiml.voicemail(Speech("after the tone", "en-US"), "https://h/r"))
    assert [child.tag for child in root] == ["Say", "Record"]
    assert root.find("Record").get("action") == root.find("Record").get("recordingStatusCallback") == "https://h/r"
    assert root.find("Record").get("playBeep") == "true"


def test_done_is_an_empty_response_not_nothing() -> None:
    assert list(parse(twiml.done())) == []
    assert [child.tag for child in parse(twiml.thanks(Speech("bye", "en-US")))] == ["Say", "Hangup"]
