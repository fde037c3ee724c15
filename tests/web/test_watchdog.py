"""Calls whose stream does not come, or comes without sound."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import trio

from agentd.core.media_stream import Start
from agentd.events import Watchdog
from agentd.web.twilio_rest import TwilioRest
from tests.web.fake_api import ACCOUNT, AUTH_TOKEN, FakeApi, fake_api
from tests.web.house import House, call_form, house, token_in


def told(made: House) -> list[tuple[str, str, str]]:
    return [(e.what, e.action, e.call_sid) for e in made.events if isinstance(e, Watchdog)]


async def until(made: House, count: int) -> None:
    with trio.fail_after(10):
        while len(told(made)) < count:
            await trio.sleep(0.01)


def verbs(api: FakeApi, nth: int) -> list[str]:
    return [child.tag for child in ET.fromstring(api.updates[nth][1]["Twiml"])]


async def test_a_stream_that_never_starts_is_redirected_once_then_to_the_fallback() -> None:
    async with fake_api(CA1="in-progress") as api:
        rest = TwilioRest(ACCOUNT, AUTH_TOKEN, api.url)
        async with house(rest, watchdog_start_sec=0.2) as made:
            await made.post("/webhook/incoming_call", call_form())
            await until(made, 2)
            assert told(made) == [("no-start", "resume", "CA1"), ("no-start", "fallback", "CA1")]
            assert [verbs(api, 0), verbs(api, 1)] == [["Connect"], ["Say", "Record"]]
            after = await made.post("/webhook/stream_ended", call_form(CallStatus="in-progress"))
            assert [child.tag for child in ET.fromstring(after.content)] == ["Say", "Record"]
        await rest.aclose()


async def test_the_redirect_admits_a_stream_and_then_the_watchdog_is_quiet() -> None:
    async with fake_api(CA1="in-progress") as api:
        rest = TwilioRest(ACCOUNT, AUTH_TOKEN, api.url)
        async with house(rest, watchdog_start_sec=0.2) as made:
            await made.post("/webhook/incoming_call", call_form())
            await until(made, 1)
            token = re.search(r'name="token" value="(\w+)"', api.updates[0][1]["Twiml"]).group(1)
            facts = made.door.admissions.admit(Start("CA1", "MZ1", ACCOUNT, {"token": token}), made.door.clock())
            await trio.sleep(0.8)
            assert len(told(made)) == 1
            made.front.watchdog.no_media(facts)
            made.front.watchdog.no_media(facts)
            await until(made, 2)
            assert told(made)[1] == ("no-media", "fallback", "CA1")
        await rest.aclose()


async def test_a_call_that_is_over_at_twilio_is_over_here() -> None:
    async with fake_api(CA1="completed") as api:
        rest = TwilioRest(ACCOUNT, AUTH_TOKEN, api.url)
        async with house(rest) as made:
            token = token_in(await made.post("/webhook/incoming_call", call_form()))
            facts = made.door.admissions.admit(Start("CA1", "MZ1", ACCOUNT, {"token": token}), made.door.clock())
            made.front.watchdog.no_media(facts)
            await until(made, 1)
            assert told(made) == [("no-media", "none: over", "CA1")]
            assert not made.door.admissions.is_current(facts)
        await rest.aclose()


async def test_an_api_out_of_reach_is_an_event_and_nothing_more() -> None:
    rest = TwilioRest(ACCOUNT, AUTH_TOKEN, "http://127.0.0.1:9")
    async with house(rest, watchdog_start_sec=0.1) as made:
        await made.post("/webhook/incoming_call", call_form())
        await until(made, 1)
        assert told(made)[0] == ("no-start", "resume failed: twilio-unreachable", "CA1")
        assert (await made.get("/version")).status_code == 200
    await rest.aclose()


async def test_without_credentials_it_only_says_so() -> None:
    async with house(watchdog_start_sec=0.1) as made:
        await made.post("/webhook/incoming_call", call_form())
        await until(made, 1)
        assert told(made)[0] == ("no-start", "none: no credentials", "CA1")
