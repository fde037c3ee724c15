"""The door is told from the first bytes, and the same however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.web.peek import PEEK_BYTES, Wants, wants

MEDIA = [
    b"GET /ws/twilio-media HTTP/1.1\r\n",
    b"GET /ws/twilio-media/ HTTP/1.1\r\n",
    b"GET /ws/twilio-media-alt HTTP/1.1\r\n",
    b"GET /ws/twilio-media-alt/?x=1 HTTP/1.1\r\nHost: h\r\n",
]
HTTP = [
    b"GET / HTTP/1.1\r\n",
    b"POST /ws/twilio-media HTTP/1.1\r\n",
    b"GET /ws/twilio-mediax HTTP/1.1\r\n",
    b"GET /ws/twilio-media HTTP/1.0\r\n",
    b"GET http://h/ws/twilio-media HTTP/1.1\r\n",
    b"\x16\x03\x01\x02\x00",
    b"PRI * HTTP/2.0\r\n",
]


@pytest.mark.parametrize("line", MEDIA)
def test_the_media_paths_want_media(line: bytes) -> None:
    assert wants(line) is Wants.MEDIA
    assert {wants(line[:n]) for n in range(line.index(b"\n") + 1)} == {Wants.MORE}


@pytest.mark.parametrize("line", HTTP)
def test_everything_else_wants_http(line: bytes) -> None:
    assert wants(line) is Wants.HTTP


def test_an_endless_line_goes_to_http() -> None:
    assert wants((b"GET /ws/twilio-media?" + b"x" * 600)[:PEEK_BYTES]) is Wants.HTTP


@given(st.binary(min_size=1, max_size=PEEK_BYTES), st.integers(1, PEEK_BYTES))
def test_a_judgement_never_changes_when_more_arrives(line: bytes, cut: int) -> None:
    early = wants(line[:cut])
    if early is not Wants.MORE:
        assert wants(line) is early


@given(st.sampled_from(MEDIA), st.integers(1, 20))
def test_half_a_line_is_never_misjudged(line: bytes, cut: int) -> None:
    assert wants(line[:cut]) is Wants.MORE
