"""One message to a caller whose call broke off, and none to anybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import trio

from agentd.agents.lost_calls import LostCalls
from agentd.core.playbook import Playbook, Workflow
from agentd.events import Event, Private, Recorded
from agentd.events_beside import CallLost
from agentd.office import NotAllowed, Note, OfficeError
from tests.core.test_losses import BROKE, DANA, asked, status, voicemail

OFFICE = Playbook(name="office", language="en-US", persona="", greeting="")


class Sent:
    """A messenger that notes what is sent, once a key. `fail`: errors of the next ones."""

    def __init__(self, *fail: Exception) -> None:
        self.fail = list(fail)
        self.sent: dict[str, tuple[str, str, str]] = {}

    async def send(self, to: Private, text: str, key: str, *, template: str = "") -> Note:
        await trio.lowlevel.checkpoint()
        if self.fail:
            raise self.fail.pop(0)
        self.sent.setdefault(key, (to.text, text, template))
        return Note(key, to, True, Private(text), 0, "queued")

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        return []


async def told(messenger: Sent, *more: Event, playbook: Playbook = OFFICE, template: str = "HX1") -> list[Event]:
    """What the house hears of a call that broke off, and of which these events came, 1 s apart."""
    out: list[Event] = []

    async def tape() -> AsyncIterator[Recorded]:
        for seq, event in enumerate([*BROKE, asked("resume"), status("completed"), *more]):
            await trio.sleep(1)
            yield Recorded("CA1", 1, seq, 0, 0, event)
        await trio.sleep(2000)

    await LostCalls(lambda: messenger, lambda: playbook, template, out.append).run(tape())
    return out


async def test_one_template_per_call(autojump_clock: trio.testing.MockClock) -> None:
    messenger = Sent()
    again = [*BROKE, asked("resume"), status("completed")]
    events = await told(messenger, status("completed"), *again)
    assert [(to, template) for to, _, template in messenger.sent.values()] == [(DANA.text, "HX1")]
    assert list(messenger.sent) == ["call-lost:CA1"]
    assert set(events) == {CallLost(call_sid="CA1", told="sent")}
    assert DANA.text not in repr(events)


async def test_who_left_a_message_after_all_gets_none(autojump_clock: trio.testing.MockClock) -> None:
    messenger = Sent()
    assert await told(messenger, voicemail("completed")) == [CallLost(call_sid="CA1", told="helped")]
    assert messenger.sent == {}


async def test_the_playbooks_own_workflow_comes_first(autojump_clock: trio.testing.MockClock) -> None:
    messenger = Sent()
    playbook = replace(OFFICE, workflows=(Workflow(on="call-lost", do=("whatsapp.send",)),))
    assert await told(messenger, playbook=playbook) == [CallLost(call_sid="CA1", told="workflow")]
    assert messenger.sent == {}


async def test_without_a_template_nobody_is_written_to(autojump_clock: trio.testing.MockClock) -> None:
    messenger = Sent()
    assert await told(messenger, template="") == [CallLost(call_sid="CA1", told="off")]
    assert messenger.sent == {}


@pytest.mark.parametrize(
    ("fail", "word", "sent"),
    [
        ([OfficeError("later")], "sent", 1),
        ([OfficeError("later")] * 3, "sent", 1),
        ([OfficeError("later")] * 4, "failed", 0),
        ([NotAllowed("never")], "not-allowed", 0),
    ],
)
async def test_trouble_with_sending(
    fail: list[Exception], word: str, sent: int, autojump_clock: trio.testing.MockClock
) -> None:
    messenger = Sent(*fail)
    assert await told(messenger) == [CallLost(call_sid="CA1", told=word)]
    assert len(messenger.sent) == sent


async def test_the_words_are_the_playbooks_or_its_languages(autojump_clock: trio.testing.MockClock) -> None:
    for playbook, word in (
        (replace(OFFICE, phrases={"lost-call": ("We were cut off.", "x")}), "We were cut off."),
        (replace(OFFICE, language="he-IL"), "נקטעה"),
        (replace(OFFICE, language="fr-FR"), "broke off"),
    ):
        messenger = Sent()
        await told(messenger, playbook=playbook)
        [(_, text, _)] = messenger.sent.values()
        assert word in text
