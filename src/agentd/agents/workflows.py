"""The work after a call, one step at a time: what is known of the call, and a tool through the gate.

Every step reads the store afresh, so that it can be repeated, by any process, at any time. What comes of it holds no
personal data and may be kept with the job.

| what comes of a tool call                                        | the step is                       |
|------------------------------------------------------------------|-----------------------------------|
| it worked                                                        | done                              |
| there is nothing to write, or the call is no longer kept         | nothing                           |
| the gate or a person says no; the tool cannot do this, ever      | refused: the work goes on         |
| no answer in time, records out of reach, a person has not        | failed: to be tried again         |
| decided yet, a plugin that broke                                 |                                   |
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
import trio

from agentd.agents.tool_result import office_failure
from agentd.agents.toolboxes import Toolboxes
from agentd.back_office import BackOffice, Case, Closed
from agentd.core import workflows as core
from agentd.core.losses import BROKEN
from agentd.core.playbook import Playbook
from agentd.core.policy import Agent
from agentd.core.speech import Message, ToolCall
from agentd.core.windows import horizon
from agentd.core.workflows import Action, Booked, CallOutcome, Later, Plan
from agentd.errors import EngineError
from agentd.events import NOTHING, Event, PluginFailure, Private, ToolAsked, ToolOver
from agentd.office import Meeting, OfficeError, Span
from agentd.storage import CallRow, Conversation, Store, StoreError
from agentd.tools import ToolAnswer, ToolDesk

log = logging.getLogger("agentd.jobs")

SUM_UP_S: Final = 120.0  # a model that reads a call and asks for some tools, one of them perhaps of a person

_AGAIN: Final = office_failure(OfficeError(""))
_UNREADABLE: Final = "The records could not be read."
Came = Literal["done", "nothing", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a step; `why` without personal data."""

    came: Came
    why: str = ""


class AfterCall:
    """One for the process. `playbook`: of a call, asked for each step. `can_message`: there is a WhatsApp account.
    `emit` is given the CallSid, too."""

    def __init__(
        self,
        store: Store,
        toolboxes: Toolboxes,
        playbook: Callable[[CallRow], Playbook],
        *,
        can_message: bool,
        back_office: BackOffice | None = None,
        emit: Callable[[str, Event], None] = lambda call_sid, event: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._toolboxes, self._playbook = store, toolboxes, playbook
        self._can_message, self._back_office, self._emit, self._clock = can_message, back_office, emit, clock
        self._waiting: dict[str, Private] = {}  # what a back office left that waits for a person, by call

    async def plan(self, call_sid: str) -> Plan:
        """What is to be done; nothing for a call that is not kept. Raises `StoreError` and `OfficeError`."""
        found = await self._store.conversation(call_sid)
        if found is None:
            return Plan()
        playbook = self._playbook(found.call)
        return core.plan(playbook, await self._outcome(found, playbook))

    async def still_wanted(self, call_sid: str, later: Later) -> bool:
        """Whether the conditions hold now. Raises `StoreError` and `OfficeError`."""
        found = await self._store.conversation(call_sid)
        if found is None:
            return False
        playbook = self._playbook(found.call)
        return core.holds(later.when, playbook, await self._outcome(found, playbook))

    async def act(self, call_sid: str, action: Action) -> Done:
        """One tool. A cancel: what has an effect is finished first."""
        try:
            found = await self._store.conversation(call_sid)
            if found is None:
                return Done("nothing", "the call is no longer kept")
            playbook = self._playbook(found.call)
            outcome = await self._outcome(found, playbook)
        except (StoreError, OfficeError):
            return Done("failed", _UNREADABLE)
        arguments = core.arguments(action, playbook, outcome)
        if arguments is None:
            return Done("nothing", "nothing is known that it could write")
        came = _Came(partial(self._emit, call_sid))
        recordings = [each.recording_sid for each in found.recordings]
        desk = self._toolboxes.for_agent(
            Agent.BACK_OFFICE, call_sid, found.call.caller.text, playbook, came.emit, recordings=recordings
        )
        try:
            if action.tool == "summary.generate" and self._back_office is not None and "text" not in arguments:
                summed_up = await self._sum_up(self._back_office, found, playbook, outcome, desk)
                if isinstance(summed_up, Done):
                    return summed_up
                arguments = arguments | {"text": summed_up}
            answer = await desk.run(ToolCall(action.tool, action.tool, arguments), (), 0)
        finally:
            await desk.aclose()
        return came.judged(answer)

    async def _sum_up(
        self, back_office: BackOffice, found: Conversation, playbook: Playbook, outcome: CallOutcome, desk: ToolDesk
    ) -> str | Done:
        """The summary of a plugin's back office, which may have done more than sum up; "" when it has none."""
        sid = found.call.call_sid
        said = tuple(Message(line.who, line.text.text) for line in found.lines)
        case = Case(sid, found.call.caller, playbook, said, outcome.slots, self._waiting.pop(sid, NOTHING))
        closed = None
        try:
            with trio.move_on_after(SUM_UP_S):
                closed = await back_office.after_call(case, desk)
        except EngineError as error:
            if not error.retryable:
                log.warning("the back office cannot sum call %s up; the house does", sid)
                return ""
        if closed is None:
            return Done("failed", "the model did not answer")
        if isinstance(closed, Closed):
            return closed.summary.text
        self._waiting[sid] = closed.state  # a new process begins anew: each effect has its key
        return Done("failed", "a person has yet to decide")

    async def _outcome(self, found: Conversation, playbook: Playbook) -> CallOutcome:
        call = found.call
        meeting = await self._meeting(call, playbook)
        return CallOutcome(
            slots=_slots(found),
            heard=tuple(line.text.text for line in found.lines if line.who == "caller"),
            summary=found.summary.text,
            meeting=_booked(meeting, playbook.timezone, call.call_sid) if meeting is not None else None,
            lost=call.reason in BROKEN,
            messaged=any(
                row.tool == "whatsapp.send" and row.outcome == "ok" and row.agent != Agent.BACK_OFFICE.value
                for row in found.tool_calls
            ),
            can_message=self._can_message,
        )

    async def _meeting(self, call: CallRow, playbook: Playbook) -> Meeting | None:
        """The last one booked in this call, else the next one that they have, as long as it stands. Raises
        `OfficeError`."""
        now = datetime.fromtimestamp(self._clock(), ZoneInfo(playbook.timezone))
        within = Span(call.began_ms, horizon(playbook, now)[1])
        standing = [m for m in await self._toolboxes.office.calendar.meetings(within) if m.status == "booked"]
        ours = [m for m in standing if m.call_sid == call.call_sid]
        if ours:
            return max(ours, key=lambda m: m.created_ms)
        theirs = [m for m in standing if m.with_phone == call.caller and m.span.from_ms > now.timestamp() * 1000]
        return min(theirs, key=lambda m: m.span.from_ms, default=None)


class _Came:
    """Passes events on, and keeps what they say of a tool call."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._pass_on, self._rule, self._outcome, self._broke = emit, "", "", False

    def emit(self, event: Event) -> None:
        match event:
            case ToolAsked():
                self._rule, self._broke = event.rule, False
            case ToolOver():
                self._outcome = event.outcome
            case PluginFailure():
                self._broke = True
        self._pass_on(event)

    def judged(self, answer: ToolAnswer) -> Done:
        if answer.ok:
            return Done("done")
        why = _why(answer.result)
        again = (
            answer.pending
            or self._broke
            or self._outcome in ("timeout", "cancelled")
            or (self._outcome == "denied" and self._rule == "no-record")
            or (self._outcome == "error" and answer.result == _AGAIN)
        )
        return Done("failed" if again else "refused", why)


def _why(result: str) -> str:
    """The sentence of a failure, which is written for a model and holds no personal data."""
    try:
        found: Any = msgspec.json.decode(result)
    except msgspec.DecodeError:
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""


def _slots(found: Conversation) -> dict[str, str]:
    if found.slots is None:
        return {}
    known: Any = msgspec.json.decode(found.slots.known.text)
    return {name: str(value) for name, value in known.items() if value not in (None, "")}


def _booked(meeting: Meeting, zone: str, call_sid: str) -> Booked:
    start = datetime.fromtimestamp(meeting.span.from_ms / 1000, ZoneInfo(zone))
    return Booked(start, meeting.place, in_call=meeting.call_sid == call_sid)
