"""The REST port against a fake of Twilio's API on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from agentd.errors import PeerError
from agentd.web.twilio_rest import CURRENT, UNKNOWN, Outgoing, TwilioRest
from tests.web.fake_api import ACCOUNT, AUTH_TOKEN, FakeApi, fake_api


@asynccontextmanager
async def client(api: FakeApi, token: str = AUTH_TOKEN) -> AsyncIterator[TwilioRest]:
    rest = TwilioRest(ACCOUNT, token, api.url)
    try:
        yield rest
    finally:
        await rest.aclose()


async def test_a_call_is_redirected_and_hung_up() -> None:
    async with fake_api(CA1="in-progress") as api, client(api) as rest:
        assert await rest.run_twiml("CA1", "<?xml?><Response>שלום</Response>".encode())
        assert await rest.run_url("CA1", "https://h/x")
        assert await rest.hang_up("CA1")
        assert api.updates == [
            ("CA1", {"Twiml": "<?xml?><Response>שלום</Response>"}),
            ("CA1", {"Url": "https://h/x", "Method": "POST"}),
            ("CA1", {"Status": "completed"}),
        ]


async def test_an_ended_or_unknown_call_is_no_error() -> None:
    async with fake_api(CA1="completed") as api, client(api) as rest:
        assert not await rest.hang_up("CA1")
        assert not await rest.run_twiml("CA2", b"<Response/>")


async def test_wrong_credentials_are_named_by_code() -> None:
    async with fake_api(CA1="in-progress") as api, client(api, "wrong") as rest:
        with pytest.raises(PeerError) as error:
            await rest.hang_up("CA1")
        assert error.value.code == "twilio-20003"
        assert "wrong" not in str(error.value)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "twilio-unreachable"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 5\r\nConnection: close\r\n\r\noops!", "twilio-"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\noops!", "twilio-garbled"),
        (b"not http", "twilio-unreachable"),
    ],
)
async def test_whatever_comes_back_is_one_kind_of_error(answer: bytes, code: str) -> None:
    async with fake_api(CA1="in-progress") as api, client(api) as rest:
        api.break_with = answer
        with pytest.raises(PeerError) as error:
            await rest.hang_up("CA1")
        assert error.value.code.startswith(code)


async def test_nobody_at_the_other_end_is_unreachable() -> None:
    rest = TwilioRest(ACCOUNT, AUTH_TOKEN, "http://127.0.0.1:9")
    with pytest.raises(PeerError) as error:
        await rest.hang_up("CA1")
    assert error.value.code == "twilio-unreachable"
    await rest.aclose()


async def test_a_stalled_api_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.1
    async with fake_api(CA1="in-progress") as api, client(api) as rest:
        api.stall = True
        began = trio.current_time()
        with pytest.raises(PeerError) as error:
            await rest.hang_up("CA1")
        assert error.value.code == "twilio-unreachable"
        assert trio.current_time() - began <= 8.5


async def test_a_recording_is_started_in_two_channels_paused_stopped_and_deleted() -> None:
    async with fake_api(CA1="in-progress") as api, client(api) as rest:
        sid = await rest.start_recording("CA1", "https://h/rec")
        assert api.recordings[sid] == ["CA1", "dual", "https://h/rec", "in-progress"]
        for status in ("paused", "in-progress"):
            assert await rest.change_recording("CA1", sid, status)
        assert await rest.change_recording("CA1", CURRENT, "stopped")
        assert not await rest.change_recording("CA1", sid, "stopped")
        assert await rest.delete_recording(sid)
        assert not await rest.delete_recording(sid)
        assert api.recordings[sid][3:] == ["in-progress", "paused", "in-progress", "stopped", "deleted"]


async def test_a_call_that_is_over_is_not_recorded() -> None:
    async with fake_api(CA1="completed") as api, client(api) as rest:
        assert await rest.start_recording("CA1", "") == ""
        assert await rest.start_recording("CA2", "") == ""
        assert not await rest.change_recording("CA2", CURRENT, "paused")


async def test_a_person_is_called_with_a_document() -> None:
    async with fake_api() as api, client(api) as rest:
        assert await rest.call("+97231", "+97232", b"<Response/>", "https://h/s") == "CAdialled1"
        assert api.dialled == [
            {
                "To": "+97231",
                "From": "+97232",
                "Twiml": "<Response/>",
                "StatusCallback": "https://h/s",
                "Timeout": "25",
            }
        ]


async def test_a_message_is_words_or_a_template_from_a_number_or_a_service() -> None:
    async with fake_api() as api, client(api) as rest:
        free = Outgoing("whatsapp:+1", "whatsapp:+2", "שלום", status_url="https://h/s")
        template = Outgoing("whatsapp:+1", "MG1", "what it says", "HX1")
        assert await rest.send_message(free) == "SM1"
        assert await rest.send_message(template) == "SM2"
        assert api.messages == [
            {"To": "whatsapp:+1", "From": "whatsapp:+2", "Body": "שלום", "StatusCallback": "https://h/s"},
            {"To": "whatsapp:+1", "MessagingServiceSid": "MG1", "ContentSid": "HX1"},
        ]


async def test_what_may_have_been_done_is_unknown_and_what_was_refused_is_not() -> None:
    message = Outgoing("whatsapp:+1", "whatsapp:+2", "x")
    async with fake_api(CA1="in-progress") as api, client(api) as rest:
        for make in (
            lambda: rest.send_message(message),
            lambda: rest.start_recording("CA1", ""),
            lambda: rest.call("+1", "+2", b"<Response/>", ""),
        ):
            api.mute = True
            with pytest.raises(PeerError) as error:
                await make()
            assert error.value.code == UNKNOWN
            api.mute = False
            api.refuse = [(503, 20503)]
            with pytest.raises(PeerError) as error:
                await make()
            assert error.value.code == UNKNOWN
            api.refuse = [(400, 63007)]
            with pytest.raises(PeerError) as error:
                await make()
            assert error.value.code == "twilio-63007"
    nobody = TwilioRest(ACCOUNT, AUTH_TOKEN, "http://127.0.0.1:9")
    with pytest.raises(PeerError) as error:
        await nobody.send_message(message)
    assert error.value.code == "twilio-unreachable"
    await nobody.aclose()
