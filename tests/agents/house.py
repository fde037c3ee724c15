"""A house for plays of tools: an office and a ledger in memory, the real gate, one caller."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import trio

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.toolboxes import Toolboxes
from agentd.config import Settings
from agentd.core.playbook import Meetings, Playbook, Slot, Workflow
from agentd.core.policy import Agent
from agentd.core.speech import Message, ToolCall
from agentd.engines import LLM
from agentd.events import Event, ToolAsked, ToolOver
from agentd.ledger import ToolCallRow
from agentd.testing.ledger import MemoryLedger
from agentd.testing.office import MemoryOffice
from agentd.tools import Tool, ToolAnswer, ToolDesk

CALL, CALLER = "CA" + "1" * 32, "+972501234567"
ZONE = ZoneInfo("Asia/Jerusalem")
SUNDAY = datetime(2026, 3, 1, 8, 0, tzinfo=ZONE).timestamp()
PLAYBOOK = Playbook(
    name="office",
    language="en-IL",
    persona="",
    greeting="Hello!",
    business="A real-estate office, at https://office.example.co.il, telephone 03-555-1234.",
    slots=(Slot("area", "area", "Where?"), Slot("phone", "phone", "Your number?")),
    hours=dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ("09:00-17:00",)),
    meetings=Meetings(title="Viewing", minutes=30, notice_min=60, days=14, place="1 Herzl Street"),
    workflows=(Workflow(on="call-lost", do=("whatsapp.send",), text="We lost you.", template="HXlost"),),
    transfer_to="+97235551234",
)


class House:
    """`at_s`: the time of day, which goes with virtual time."""

    def __init__(
        self,
        tools: Iterable[tuple[str, Tool]] = (),
        *,
        ledger: MemoryLedger | None = None,
        llm: LLM | None = None,
        **settings: Any,
    ) -> None:
        self.office, self.ledger = MemoryOffice(self._now_ms), ledger or MemoryLedger()
        self.approvals = ApprovalDesk(self.ledger, 60.0, self._now_ms)
        self.boxes = Toolboxes(
            Settings.of(**settings), tools, self.office.parts, self.ledger, self.approvals, llm, self.at_s
        )
        self.events: list[Event] = []

    def at_s(self) -> float:
        return SUNDAY + trio.current_time()

    def _now_ms(self) -> int:
        return round(self.at_s() * 1000)

    def conversation(
        self,
        agent: Agent = Agent.VOICE,
        playbook: Playbook = PLAYBOOK,
        *,
        caller: str = CALLER,
        call_sid: str = CALL,
        recordings: Sequence[str] = (),
    ) -> Conversation:
        desk = self.boxes.for_agent(
            agent, call_sid, caller, playbook, self.events.append, scope="thread", recordings=recordings
        )
        return Conversation(self, desk, call_sid or "thread")

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def rulings(self) -> list[tuple[str, str, str]]:
        """(tool, ruling, rule), as they were told."""
        return [(event.tool, event.ruling, event.rule) for event in self.of(ToolAsked)]

    def outcomes(self) -> list[tuple[str, str]]:
        return [(event.tool, event.outcome) for event in self.of(ToolOver)]


class Conversation:
    """One conversation, as the call keeps it: what was said, and the results of tools."""

    def __init__(self, house: House, desk: ToolDesk, scope: str) -> None:
        self.house, self.desk, self.scope = house, desk, scope
        self.said: list[Message] = []

    def caller(self, text: str) -> None:
        self.said.append(Message("caller", text))

    def agent(self, text: str) -> None:
        self.said.append(Message("agent", text))

    async def ask(self, tool: str, /, **arguments: Any) -> ToolAnswer:
        call = ToolCall("c", tool, arguments)
        answer = await self.desk.run(call, tuple(self.said), 1)
        self.said.append(Message("tool", answer.result, call))
        return answer

    async def get(self, tool: str, /, **arguments: Any) -> Any:
        """The result of a call that must work."""
        answer = await self.ask(tool, **arguments)
        assert answer.ok, answer.result
        return json.loads(answer.result)

    async def refused(self, tool: str, /, **arguments: Any) -> str:
        """The rule that a call must break."""
        answer = await self.ask(tool, **arguments)
        assert not answer.ok, answer.result
        assert self.house.of(ToolAsked)[-1].ruling == "deny"
        return str(self.house.of(ToolAsked)[-1].rule)

    async def rows(self) -> list[ToolCallRow]:
        return await self.house.ledger.tool_calls(self.scope)


async def wait_for(condition: Callable[[], bool]) -> None:
    """In virtual time."""
    while not condition():
        await trio.sleep(0.01)
