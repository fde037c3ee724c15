"""The gate and its tools on the real store: a whole booking, once; each desk is a new one, as after a restart."""

from __future__ import annotations

import json
from typing import Any

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.toolboxes import Toolboxes
from agentd.config import Settings
from agentd.core.policy import Agent
from agentd.core.speech import ToolCall
from agentd.events import Private
from agentd.office import Office, Span
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts.store import began, said
from agentd.testing.office import MemoryOffice
from agentd.tools import ToolAnswer
from tests.agents.house import CALL, CALLER, PLAYBOOK, SUNDAY

DAY_MS = 86_400_000


async def test_a_booking_is_made_once_and_known_to_whoever_comes_later(settings: Settings) -> None:
    store = SqlStore(settings)
    await store.open()
    try:
        await store.write([began(CALL), said("a flat in Haifa", CALL)])
        messages = MemoryOffice()
        office = Office(store.crm, store.calendar, messages.parts.messenger, store.files)
        boxes = Toolboxes(settings, [], office, store, ApprovalDesk(store, 60.0, lambda: 0), clock=lambda: SUNDAY)

        async def ask(agent: Agent, tool: str, **arguments: Any) -> ToolAnswer:
            desk = boxes.for_agent(agent, CALL, CALLER, PLAYBOOK, lambda event: None)
            return await desk.run(ToolCall("c", tool, arguments), (), 1)

        async def get(agent: Agent, tool: str, **arguments: Any) -> Any:
            answer = await ask(agent, tool, **arguments)
            assert answer.ok, answer.result
            return json.loads(answer.result)

        found = await get(Agent.VOICE, "calendar.find_slots", wish_day="2026-03-03", wish_time="10:00")
        assert found["exact"]
        start = found["windows"][0]["start"]
        assert not (await ask(Agent.VOICE, "calendar.create", start="2026-03-03T11:00")).ok
        first = await get(Agent.VOICE, "calendar.create", start=start, name="Dana")
        assert await get(Agent.VOICE, "calendar.create", start=start, name="Dana") == first
        [meeting] = await store.calendar.meetings(Span(round(SUNDAY * 1000), round(SUNDAY * 1000) + 7 * DAY_MS))
        assert (meeting.with_phone, meeting.with_name.text) == (Private(CALLER), "Dana")
        lead = await get(Agent.VOICE, "leads.upsert", name="Dana", slots={"area": "Haifa"})
        await get(Agent.VOICE, "leads.tag", lead_id=lead["lead_id"], tags=["sea"])
        await get(Agent.BACK_OFFICE, "summary.generate", slots={"area": "Haifa"})
        await get(Agent.BACK_OFFICE, "crm.update", changes={"notes": "wants the sea"})
        await get(Agent.BACK_OFFICE, "calls.log_create", note="call back")
        await get(Agent.BACK_OFFICE, "whatsapp.send", text=f"See you on {first['say']}!")
        kept = await store.conversation(CALL)
        assert kept is not None
        assert kept.summary.text.startswith("Known: area: Haifa.")
        assert [note.text.text for note in kept.notes] == ["call back"]
        assert [(row.ruling, row.rule) for row in kept.tool_calls if row.ruling != "allow"] == [("deny", "not-offered")]
        assert all(row.outcome for row in kept.tool_calls)
        [note] = messages.notes
        assert note.text.text == "See you on Tuesday, March 3 at 10:00!"
    finally:
        await store.aclose()
