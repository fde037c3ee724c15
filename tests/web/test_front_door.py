"""The port itself: which door a connection reaches, however its bytes arrive."""

from __future__ import annotations

import trio

from tests.web.house import call_form, house, twiml


async def test_version_and_a_call_are_answered_on_one_port() -> None:
    async with house() as made:
        version = await made.get("/version")
        assert version.status_code == 200
        assert version.json()["version"] == "1.2.3"
        answer = await made.post("/webhook/incoming_call", call_form())
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/xml; charset=utf-8"
        assert twiml(answer).find("Connect/Stream").get("url") == "wss://agent.example.com/ws/twilio-media"


async def test_media_reaches_the_house_and_comes_back() -> None:
    async with house() as made, made.dial() as socket:
        stream = await made.stream()
        await socket.send_message('{"event":"connected"}')
        assert await stream.receive() == [b'{"event":"connected"}']
        stream.put(b'{"event":"clear"}')
        assert await socket.get_message() == '{"event":"clear"}'
        await stream.aclose()
        with trio.fail_after(2):
            assert await stream.receive() is None
