"""The thirteen tools of the house (SPEC 7.1). Each reaches the world through `ToolRun.office` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentd.agents.tools import calendar, calls, crm, leads, summary, transcript, whatsapp
from agentd.core.policy import Agent
from agentd.tools import Tool

if TYPE_CHECKING:
    from agentd.engines import LLM

VOICE = (
    "calendar.find_slots", "calendar.create", "leads.upsert", "leads.tag", "crm.search_customer", "whatsapp.send",
    "calls.log_create", "stt.get_last_transcript",
)  # fmt: skip
DEFAULTS: dict[Agent, tuple[str, ...]] = {
    Agent.VOICE: VOICE,
    Agent.WHATSAPP: (*(name for name in VOICE if not name.startswith(("stt.", "calls."))), "whatsapp.fetch_thread"),
    Agent.BACK_OFFICE: (),  # all of the house's
}
"""The tools of an agent whose playbook does not list any."""


def house_tools(llm: LLM | None = None) -> tuple[Tool, ...]:
    """`llm`: writes the summaries; without one they are put together from what is known."""
    return (
        *calls.TOOLS,
        *transcript.TOOLS,
        summary.tool(llm),
        *calendar.TOOLS,
        *leads.TOOLS,
        *whatsapp.TOOLS,
        *crm.TOOLS,
    )
