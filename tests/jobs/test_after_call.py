"""The work after a call on a real store and through the real gate: what comes of each step, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import trio

from agentd.agents import workflows
from agentd.agents.approvals import ApprovalDesk
from agentd.agents.no_whatsapp import NoWhatsApp
from agentd.agents.toolboxes import Toolboxes
from agentd.agents.workflows import AfterCall, Done
from agentd.back_office import BackOffice, Case, Closed, Waiting
from agentd.config import Settings
from agentd.core.playbook import Meetings, Playbook, Slot, Workflow
from agentd.core.policy import Effect
from agentd.core.workflows import Action, Later
from agentd.errors import EngineError
from agentd.events import Private
from agentd.ledger import ToolCallRow
from agentd.office import MeetingDraft, Note, Office, OfficeError, Span
from agentd.storage import SlotsRow
from agentd.store.sql_store import SqlStore, wall_ms
from agentd.testing.contracts.store import CALLER, a_call
from agentd.tools import Tool, ToolDesk, ToolRun
from tests.jobs.jobs_play import opened

PLAYBOOK = Playbook(
    name="office",
    language="en-US",
    persona="a secretary",
    greeting="hello",
    slots=(Slot("name", "name", "Name?"), Slot("area", "area", "Where?")),
    meetings=Meetings(place="5 Hillel St"),
)
ZONE = ZoneInfo(PLAYBOOK.timezone)
START = datetime(2099, 12, 1, 10, 0, tzinfo=ZONE)


def the_day_before() -> float:
    return START.timestamp() - 24 * 3600


SPAN = Span(round(START.timestamp() * 1000), round(START.timestamp() * 1000) + 1_800_000)


class Provider:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self.broken = False

    async def send(self, to: Private, text: str, key: str, *, template: str = "") -> Note:
        if self.broken:
            raise OfficeError("out of order")
        self.sent.append(text)
        return Note("m1", to, True, Private(text), wall_ms(), "queued")

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        return []


class Nothing(msgspec.Struct, frozen=True):
    text: str = ""


async def _break(arguments: Nothing, run: ToolRun) -> Nothing:
    raise RuntimeError(f"cannot print {run.caller.text}")


BREAKS = Tool("acme.print", "Prints.", Nothing, Nothing, _break, Effect.OURS)


@dataclass
class Play:
    store: SqlStore
    provider: Provider
    work: AfterCall


@asynccontextmanager
async def play(
    tmp_path: Path,
    playbook: Playbook = PLAYBOOK,
    *,
    account: bool = True,
    back_office: BackOffice | None = None,
    slots: dict[str, str] | None = None,
    **overrides: Any,
) -> AsyncIterator[Play]:
    """One call, CA1, that is over."""
    settings = Settings.of(state_dir=tmp_path, **overrides)
    async with opened(settings) as store:
        known = {"name": "Dana", "area": "Haifa"} if slots is None else slots
        await store.write([*a_call(), SlotsRow("CA1", 1, 8, 3000, len(known), 0, Private(json.dumps(known)))])
        provider = Provider()
        office = Office(store.crm, store.calendar, provider if account else NoWhatsApp(), store.files)
        approvals = ApprovalDesk(store, settings.approval_timeout_sec, wall_ms)
        toolboxes = Toolboxes(settings, [("acme", BREAKS)], office, store, approvals, clock=the_day_before)
        work = AfterCall(
            store,
            toolboxes,
            lambda call: playbook,
            can_message=account,
            back_office=back_office,
            clock=the_day_before,
        )
        yield Play(store, provider, work)


async def booked(store: SqlStore, call_sid: str) -> None:
    draft = MeetingDraft(SPAN, "a visit", CALLER, call_sid=call_sid)
    await store.calendar.book(draft, f"book-{call_sid}")


async def told_the_time(store: SqlStore) -> None:
    """What calendar.create left in the ledger of the call."""
    result = {
        "meeting_id": "1",
        "start": "2099-12-01T10:00",
        "minutes": 30,
        "say": "Tuesday, December 1 at 10:00",
        "place": "5 Hillel St",
    }
    row = ToolCallRow("tc1", "k1", "CA1", 3, "voice", "calendar.create", "ours", Private("{}"), "allow", "", 3000)
    await store.tool_judged(row)
    await store.tool_over("tc1", "ok", Private(json.dumps(result)), 5)


async def test_the_default_after_a_meeting_was_booked(tmp_path: Path) -> None:
    async with play(tmp_path) as call:
        await booked(call.store, "CA1")
        await told_the_time(call.store)
        made = await call.work.plan("CA1")
        came = [await call.work.act("CA1", action) for action in made.actions]
        found = await call.store.person(CALLER)
        wanted = [later for later in made.later if await call.work.still_wanted("CA1", later)]
    assert [action.tool for action in made.actions] == [
        "summary.generate",
        "leads.upsert",
        "crm.update",
        "whatsapp.send",
    ]
    assert came == [Done("done")] * 4
    assert call.provider.sent == [
        "Your meeting is booked: Tuesday, December 1 at 10:00, 5 Hillel St. See you there!",
    ]
    [lead] = found.dealings.leads
    assert (lead.name.text, dict(lead.slots)) == ("Dana", {"name": "Dana", "area": "Haifa"})
    assert "a flat in Haifa" in lead.summary.text
    assert found.customer is not None
    assert found.customer.record.name.text == "Dana"
    assert wanted == []


async def test_a_meeting_of_another_call_is_one_they_have_but_not_one_to_confirm(tmp_path: Path) -> None:
    async with play(tmp_path) as call:
        await booked(call.store, "CA0")
        made = await call.work.plan("CA1")
        assert "whatsapp.send" not in [action.tool for action in made.actions]
        assert not await call.work.still_wanted("CA1", Later(1, ("no-meeting",), ()))


async def test_a_message_of_the_call_itself_is_not_sent_again(tmp_path: Path) -> None:
    async with play(tmp_path) as call:
        await booked(call.store, "CA1")
        row = ToolCallRow("tc2", "k2", "CA1", 3, "voice", "whatsapp.send", "outside", Private("{}"), "allow", "", 3000)
        await call.store.tool_judged(row)
        await call.store.tool_over("tc2", "ok", Private("{}"), 5)
        made = await call.work.plan("CA1")
    assert "whatsapp.send" not in [action.tool for action in made.actions]


@pytest.mark.parametrize(("reason", "event"), [("lost", True), ("crash", True), ("stop", False), ("drain", False)])
async def test_lost_is_what_nobody_wanted(tmp_path: Path, reason: str, event: bool) -> None:
    lost = replace(PLAYBOOK, workflows=(Workflow(on="call-lost", do=("calls.log_create",), text="call back"),))
    async with play(tmp_path, lost) as call:
        over = a_call("CA2")[-1]
        await call.store.write([*a_call("CA2")[:-1], replace(over, reason=reason)])  # type: ignore[type-var]
        made = await call.work.plan("CA2")
    assert bool(made.actions) is event


SEND = Action("whatsapp.send", "Hello {name}")


@pytest.mark.parametrize(
    ("options", "sid", "action", "expected"),
    [
        ({}, "CA1", SEND, Done("done")),
        ({}, "CA9", SEND, Done("nothing", "the call is no longer kept")),
        ({"slots": {}}, "CA1", SEND, Done("nothing", "nothing is known that it could write")),
        ({"account": False}, "CA1", SEND, Done("refused", "This agent does not have this tool.")),
        ({"agents_enabled": False}, "CA1", SEND, Done("refused", "Tools are switched off.")),
        ({}, "CA1", Action("acme.unknown"), Done("refused", "There is no such tool.")),
        (
            {"tools_ask": ("whatsapp.send",), "approval_timeout_sec": 1},
            "CA1",
            SEND,
            Done(
                "failed",
                "A person has to decide this, and has not yet. It was not done: say that somebody will see to it.",
            ),
        ),
    ],
)
async def test_what_comes_of_a_step(
    tmp_path: Path, options: dict[str, Any], sid: str, action: Action, expected: Done
) -> None:
    async with play(tmp_path, **options) as call:
        assert await call.work.act(sid, action) == expected
        assert call.provider.sent == (["Hello Dana"] if expected.came == "done" else [])


async def test_a_provider_out_of_order_is_tried_again_and_one_message_is_sent(tmp_path: Path) -> None:
    async with play(tmp_path) as call:
        call.provider.broken = True
        assert (await call.work.act("CA1", SEND)).came == "failed"
        call.provider.broken = False
        assert await call.work.act("CA1", SEND) == Done("done")
        keys = {row.key for row in await call.store.tool_calls("CA1")}
    assert len(keys) == 1
    assert call.provider.sent == ["Hello Dana"]


async def test_a_plugin_that_breaks_is_tried_again_and_what_it_said_is_not_kept(tmp_path: Path) -> None:
    tools = replace(PLAYBOOK, agents={"back-office": ("acme.print",)})
    async with play(tmp_path, tools) as call:
        done = await call.work.act("CA1", Action("acme.print"))
    assert done.came == "failed"
    assert CALLER.text not in done.why


async def test_records_that_cannot_be_read_are_tried_again(tmp_path: Path) -> None:
    async with play(tmp_path) as call:
        (tmp_path / "agentd.db").rename(tmp_path / "away")
        await call.store.aclose()
        (tmp_path / "agentd.db").mkdir()
        assert await call.work.act("CA1", SEND) == Done("failed", "The records could not be read.")
        (tmp_path / "agentd.db").rmdir()
        (tmp_path / "away").rename(tmp_path / "agentd.db")


# --- a back office that a plugin brings


class Clerk:
    """Answers in turn; an exception is raised, and None is no answer at all."""

    def __init__(self, *answers: Closed | Waiting | Exception | None) -> None:
        self.answers = list(answers)
        self.cases: list[Case] = []

    async def after_call(self, case: Case, desk: ToolDesk) -> Closed | Waiting:
        self.cases.append(case)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await trio.sleep_forever()
        return answer


SUM_UP = Action("summary.generate")


async def summary(store: SqlStore) -> str:
    found = await store.conversation("CA1")
    assert found is not None
    return found.summary.text


async def test_a_back_office_sums_up(tmp_path: Path) -> None:
    clerk = Clerk(Closed(Private("Wants a flat by the sea.")))
    async with play(tmp_path, back_office=clerk) as call:
        assert await call.work.act("CA1", SUM_UP) == Done("done")
        assert await summary(call.store) == "Wants a flat by the sea."
    [case] = clerk.cases
    assert [(line.role, line.text) for line in case.said] == [
        ("caller", "a flat in Haifa"),
        ("agent", "how many rooms?"),
    ]
    assert (case.caller, case.slots) == (CALLER, {"name": "Dana", "area": "Haifa"})


async def test_a_back_office_that_waits_for_a_person_goes_on_with_what_it_left(tmp_path: Path) -> None:
    clerk = Clerk(Waiting(Private("so far")), Closed(Private("Done.")))
    async with play(tmp_path, back_office=clerk) as call:
        assert await call.work.act("CA1", SUM_UP) == Done("failed", "a person has yet to decide")
        assert await call.work.act("CA1", SUM_UP) == Done("done")
    assert [case.state.text for case in clerk.cases] == ["", "so far"]


async def test_a_model_that_does_not_answer_is_asked_again_and_one_that_cannot_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflows, "SUM_UP_S", 0.05)
    clerk = Clerk(EngineError("busy", retryable=True), None, EngineError("no such model"))
    async with play(tmp_path, back_office=clerk) as call:
        for _ in range(2):
            assert await call.work.act("CA1", SUM_UP) == Done("failed", "the model did not answer")
        assert await call.work.act("CA1", SUM_UP) == Done("done")
        assert "a flat in Haifa" in await summary(call.store)
