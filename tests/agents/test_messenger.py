"""WhatsApp by Twilio: what is sent, what is not, what is never sent twice, and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio

from agentd.agents.messenger import TwilioMessenger, messenger_of
from agentd.agents.no_whatsapp import NoWhatsApp
from agentd.config import Settings
from agentd.core.whatsapp import WINDOW_MS
from agentd.errors import PeerError
from agentd.events import Event, Private
from agentd.events_beside import MessageStatus
from agentd.office import MessageLog, NotAllowed, Note, OfficeError
from agentd.testing.contracts import MessageLogContract
from agentd.web.twilio_rest import Outgoing, Told, TwilioRest
from tests.agents.memory_log import MemoryLog
from tests.web.fake_api import ACCOUNT, AUTH_TOKEN, FakeApi, fake_api

DANA = Private("+972501234567")
FROM = "whatsapp:+97231234567"
NOW_MS = 1_000_000_000_000
URL = "https://agent.example.com/webhook/twilio/whatsapp/status"


class TestMemoryLog(MessageLogContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[MessageLog]:
        yield MemoryLog()


@dataclass
class Scene:
    log: MemoryLog
    api: FakeApi
    messenger: TwilioMessenger
    events: list[Event] = field(default_factory=list)
    now_ms: int = NOW_MS

    async def heard_from(self, ago_ms: int = 1000) -> None:
        """They wrote to us."""
        await self.log.keep(Note("theirs", DANA, False, Private("hi"), self.now_ms - ago_ms, "received"))

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return [(e.status, e.error) for e in self.events if isinstance(e, MessageStatus)]


@asynccontextmanager
async def scene(sender: str = FROM) -> AsyncIterator[Scene]:
    log = MemoryLog()
    async with fake_api() as api, trio.open_nursery() as nursery:
        rest = TwilioRest(ACCOUNT, AUTH_TOKEN, api.url)
        messenger = TwilioMessenger(log, rest, sender, URL, lambda e: made.events.append(e), lambda: made.now_ms)
        made = Scene(log, api, messenger)
        nursery.start_soon(messenger.run)
        yield made
        nursery.cancel_scope.cancel()
        await rest.aclose()


async def test_free_text_inside_the_window_and_where_its_status_is_told() -> None:
    async with scene() as s:
        await s.heard_from()
        note = await s.messenger.send(DANA, "See you at ten", "k1")
        assert (note.status, note.text.text, note.ours) == ("queued", "See you at ten", True)
        assert s.api.messages == [
            {
                "To": "whatsapp:+972501234567",
                "From": FROM,
                "Body": "See you at ten",
                "StatusCallback": f"{URL}?note={note.id}",
            }
        ]
        assert [n.id for n in await s.messenger.thread(DANA)] == [note.id, "theirs"]
        assert "+972" not in repr(s.events)
        assert "ten" not in repr(s.events)


@pytest.mark.parametrize("ago_ms", [None, WINDOW_MS, WINDOW_MS + 1, 100 * 86400 * 1000])
async def test_outside_the_window_only_a_template(ago_ms: int | None) -> None:
    async with scene() as s:
        if ago_ms is not None:
            await s.heard_from(ago_ms)
        with pytest.raises(NotAllowed, match="template"):
            await s.messenger.send(DANA, "See you", "k1")
        assert [n for n in await s.messenger.thread(DANA) if n.ours] == []
        note = await s.messenger.send(DANA, "See you", "k1", template="HX1")
        assert note.text.text == "See you"
        assert s.api.messages[0] == {
            "To": "whatsapp:+972501234567",
            "From": FROM,
            "ContentSid": "HX1",
            "StatusCallback": f"{URL}?note={note.id}",
        }


async def test_our_own_messages_open_no_window() -> None:
    async with scene() as s:
        await s.messenger.send(DANA, "", "k1", template="HX1")
        with pytest.raises(NotAllowed):
            await s.messenger.send(DANA, "and now free text", "k2")


async def test_the_same_key_is_one_message() -> None:
    async with scene() as s:
        await s.heard_from()
        first = await s.messenger.send(DANA, "one", "k1")
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(s.messenger.send, DANA, "one", "k1")
        assert (await s.messenger.send(DANA, "one", "k1")).id == first.id
        assert len(s.api.messages) == 1


async def test_two_at_once_with_one_key_are_one_message() -> None:
    async with scene() as s:
        await s.heard_from()
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(s.messenger.send, DANA, "one", "k1")
        assert len(s.api.messages) == 1


async def test_what_may_have_been_sent_is_not_sent_again_and_the_callback_tells() -> None:
    async with scene() as s:
        await s.heard_from()
        s.api.mute = True
        note = await s.messenger.send(DANA, "one", "k1")
        assert note.status == "sending"
        s.api.mute = False
        assert (await s.messenger.send(DANA, "one", "k1")).status == "sending"
        assert len(s.api.messages) == 1
        assert s.messenger.told(Told(note.id, "SM1", "delivered"))
        await trio.testing.wait_all_tasks_blocked()
        assert (await s.messenger.thread(DANA))[0].status == "delivered"
        assert s.statuses == [("unknown", "unknown"), ("delivered", "")]


async def test_what_never_got_there_is_sent_by_the_next_try() -> None:
    async with scene() as s:
        await s.heard_from()
        s.api.refuse = [(429, 20429)]
        with pytest.raises(OfficeError):
            await s.messenger.send(DANA, "one", "k1")
        assert s.api.messages == []
        assert (await s.messenger.send(DANA, "one", "k1")).status == "queued"
        assert (await s.messenger.send(DANA, "one", "k1")).status == "queued"
        assert len(s.api.messages) == 1
        assert len([n for n in await s.messenger.thread(DANA) if n.ours]) == 1


@pytest.mark.parametrize(
    ("status", "code", "cure"),
    [(400, 63007, "TWILIO_WHATSAPP_FROM"), (401, 20003, "TWILIO_AUTH_TOKEN"), (400, 21610, "refused it .21610.")],
)
async def test_a_refusal_is_final_and_names_its_cure(status: int, code: int, cure: str) -> None:
    async with scene() as s:
        await s.heard_from()
        s.api.refuse = [(status, code)]
        with pytest.raises(NotAllowed, match=cure):
            await s.messenger.send(DANA, "one", "k1")
        with pytest.raises(NotAllowed):
            await s.messenger.send(DANA, "one", "k1")
        assert s.api.messages == []
        assert (await s.messenger.thread(DANA))[0].status == "failed"
        assert s.statuses == [("failed", str(code))]


async def test_63016_comes_later_and_says_failed() -> None:
    async with scene() as s:
        await s.heard_from()
        note = await s.messenger.send(DANA, "one", "k1")
        for told in (Told(note.id, "SM1", "failed", "63016"), Told(note.id, "SM1", "sent")):
            assert s.messenger.told(told)
        await trio.testing.wait_all_tasks_blocked()
        assert (await s.messenger.thread(DANA))[0].status == "failed"
        assert ("failed", "63016") in s.statuses


async def test_callbacks_in_any_order_and_of_strangers() -> None:
    async with scene() as s:
        await s.heard_from()
        note = await s.messenger.send(DANA, "one", "k1")
        for sid, status in (
            ("SM1", "read"),
            ("SM1", "sent"),
            ("SM1", "delivered"),
            ("SM1", "nonsense"),
            ("SM9", "read"),
        ):
            assert s.messenger.told(Told("" if sid == "SM9" else note.id, sid, status))
        assert s.messenger.told(Told("", "SM1", "delivered"))
        await trio.testing.wait_all_tasks_blocked()
        assert [n.status for n in await s.messenger.thread(DANA)] == ["read", "received"]


@pytest.mark.parametrize("to", ["", "anonymous", "0501234567", "+0", "whatsapp:+972501234567", "+97250\n"])
async def test_only_real_numbers(to: str) -> None:
    async with scene() as s:
        with pytest.raises(NotAllowed):
            await s.messenger.send(Private(to), "x", "k", template="HX1")
        assert s.api.messages == []


async def test_a_text_that_is_too_long_is_refused_and_a_template_stands_in() -> None:
    async with scene() as s:
        await s.heard_from()
        with pytest.raises(NotAllowed, match="1600"):
            await s.messenger.send(DANA, "x" * 1601, "k1")
        await s.messenger.send(DANA, "x" * 1601, "k1", template="HX1")
        assert s.api.messages[0]["ContentSid"] == "HX1"


@pytest.mark.parametrize(("sender", "field_"), [("+97231234567", "From"), ("MG123", "MessagingServiceSid")])
async def test_a_bare_number_and_a_messaging_service(sender: str, field_: str) -> None:
    async with scene(sender) as s:
        await s.messenger.send(DANA, "x", "k", template="HX1")
        assert s.api.messages[0][field_] == (FROM if field_ == "From" else sender)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"whatsapp_provider": "twilio"},
        {"twilio_whatsapp_from": FROM},
        {"whatsapp_provider": "baileys", "twilio_whatsapp_from": FROM},
    ],
)
def test_without_an_account_there_is_no_messenger(settings: dict[str, str]) -> None:
    assert messenger_of(Settings.of(**settings), MemoryLog(), Nobody(), lambda event: None) is None


async def test_with_one_it_says_where_it_is_told_and_without_what_to_set() -> None:
    settings = Settings.of(
        whatsapp_provider="twilio", twilio_whatsapp_from=FROM, public_base_url="https://agent.example.com"
    )
    assert messenger_of(settings, MemoryLog(), None, lambda event: None) is None
    async with fake_api() as api:
        rest = TwilioRest(ACCOUNT, AUTH_TOKEN, api.url)
        messenger = messenger_of(settings, MemoryLog(), rest, lambda event: None)
        assert messenger is not None
        note = await messenger.send(DANA, "x", "k", template="HX1")
        assert api.messages[0]["StatusCallback"] == f"{URL}?note={note.id}"
        await rest.aclose()
    with pytest.raises(NotAllowed, match="TWILIO_WHATSAPP_FROM"):
        await NoWhatsApp().send(DANA, "x", "k")


class Nobody:
    def __init__(self) -> None:
        self.asked = 0

    async def send_message(self, message: Outgoing) -> str:
        self.asked += 1
        raise PeerError("twilio-unreachable")


async def test_a_store_that_cannot_write_is_asked_again(autojump_clock: trio.testing.MockClock) -> None:
    log, events = MemoryLog(), list[Event]()
    messenger = TwilioMessenger(log, Nobody(), FROM, "", events.append, lambda: NOW_MS)
    await log.keep(Note("a", DANA, True, Private("x"), NOW_MS, "sending"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(messenger.run)
        log.broken = 3
        messenger.told(Told("a", "SM1", "delivered"))
        await trio.sleep(100)
        assert log.notes["a"].status == "delivered"
        log.broken = 4
        messenger.told(Told("a", "SM1", "read"))
        await trio.sleep(100)
        assert log.notes["a"].status == "delivered"
        assert events[-1] == MessageStatus(message="a", status="lost", error="store")
        nursery.cancel_scope.cancel()


async def test_too_many_callbacks_are_asked_for_again() -> None:
    messenger = TwilioMessenger(MemoryLog(), Nobody(), FROM, "", lambda event: None)
    took = [messenger.told(Told("a", f"SM{n}", "sent")) for n in range(1500)]
    assert took.count(True) == 1000


async def test_without_the_store_nothing_is_sent() -> None:
    log, twilio = MemoryLog(), Nobody()
    messenger = TwilioMessenger(log, twilio, FROM, "", lambda event: None, lambda: NOW_MS)
    for failing in (1, 1):
        log.broken = failing
        with pytest.raises(OfficeError):
            await messenger.send(DANA, "", "k", template="HX1")
    assert twilio.asked == 0
