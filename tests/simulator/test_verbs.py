"""TwiML read as Twilio reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.twiml import Speech, StreamTo, connect, transfer
from agentd.errors import PeerError
from agentd.simulator.verbs import Stream, Verb, read_twiml

BASE = "https://voice.example/webhook/incoming_call"


def read(body: bytes, content_type: str = "text/xml; charset=utf-8") -> list[Stream | Verb]:
    return read_twiml(body, content_type, BASE)


def test_agentds_own_twiml_is_understood() -> None:
    to = StreamTo("https://voice.example", "voice.example")
    verbs = read(connect(to, {"token": "a&b", "from": "+972"}, Speech("שלום", "he-IL")))
    assert verbs == [
        Verb("Say", {"language": "he-IL"}, "שלום"),
        Stream(
            "wss://voice.example/ws/twilio-media",
            parameters={"token": "a&b", "from": "+972"},
            status_callback="https://voice.example/webhook/stream_status",
            action="https://voice.example/webhook/stream_ended",
        ),
    ]
    (dial,) = read(transfer("+97231234567", "https://voice.example/after"))
    assert isinstance(dial, Verb)
    assert (dial.name, dial.text) == ("Dial", "+97231234567")


def test_relative_addresses_are_resolved() -> None:
    (stream,) = read(b'<Response><Connect action="../done"><Stream url="/ws" statusCallback="s"/></Connect></Response>')
    assert stream == Stream(
        "wss://voice.example/ws", status_callback="https://voice.example/webhook/s", action="https://voice.example/done"
    )


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b'url="http://x/y"', "not wss"),
        (b'url="/y" track="both_tracks"', "inbound_track"),
        (b'url="/y"><Parameter name="n" value="' + b"v" * 499 + b'"/></Stream><Stream', "500 characters"),
    ],
)
def test_a_stream_that_twilio_refuses_is_12200(stream: bytes, why: str) -> None:
    with pytest.raises(PeerError, match=why) as refused:
        read(b"<Response><Connect><Stream " + stream + b"/></Connect></Response>")
    assert refused.value.code == "12200"


@given(st.binary(max_size=60))
def test_no_document_does_worse_than_12100(junk: bytes) -> None:
    with pytest.raises(PeerError) as refused:
        read(b"<Response>" + junk)
    assert refused.value.code == "12100"


def test_a_document_type_is_refused() -> None:
    with pytest.raises(PeerError, match="document type"):
        read(b'<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>')
