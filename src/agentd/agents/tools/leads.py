"""leads.upsert, leads.tag: what somebody is looking for. One lead for a number and a playbook."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agentd.agents.tools._words import Arguments, Name, Phone, Result, Short, number
from agentd.core.policy import Effect, Grants
from agentd.events import Private
from agentd.office import LeadDraft
from agentd.tools import Tool, ToolError, ToolRun

Tags = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=40)]],
    msgspec.Meta(description="Short words by which people find the lead again.", max_length=10),
]


class Upsert(Arguments, frozen=True, kw_only=True):
    phone: Phone = ""
    name: Name = ""
    slots: Annotated[
        dict[str, Short], msgspec.Meta(description="What was found out, by the names of the playbook's slots.")
    ] = msgspec.field(default_factory=dict)
    tags: Tags = msgspec.field(default_factory=list)
    summary: Annotated[str, msgspec.Meta(description="The wish, in one or two sentences.", max_length=1000)] = ""


class Tag(Arguments, frozen=True, kw_only=True):
    lead_id: Annotated[str, msgspec.Meta(description="From leads.upsert. Empty: the caller's.", max_length=80)] = ""
    tags: Tags


class Kept(Result, frozen=True, kw_only=True):
    """Nothing of what was there before: anybody can say a number."""

    lead_id: str
    phone: str

    def grants(self) -> Grants:
        return Grants(leads={self.lead_id: self.phone})


async def upsert(arguments: Upsert, run: ToolRun) -> Kept:
    known = {slot.name for slot in run.playbook.slots}
    if strangers := sorted(arguments.slots.keys() - known):
        raise ToolError(f"slots has {', '.join(strangers)}, which is none of: {', '.join(sorted(known)) or 'no slots'}")
    draft = LeadDraft(
        phone=number(arguments.phone, run),
        playbook=run.playbook.name,
        call_sid=run.call_sid,
        name=Private(arguments.name),
        slots=arguments.slots,
        tags=arguments.tags,
        summary=Private(arguments.summary),
    )
    lead = await run.office.crm.upsert_lead(draft, run.key)
    return Kept(lead_id=lead.id, phone=lead.phone.text)


async def tag(arguments: Tag, run: ToolRun) -> Kept:
    lead_id = arguments.lead_id
    if not lead_id:
        theirs = await run.office.crm.leads(phone=number("", run).text, limit=5)
        lead_id = next((lead.id for lead in theirs if lead.playbook == run.playbook.name), "")
        if not lead_id:
            raise ToolError("The caller has no lead yet: use leads.upsert.")
    lead = await run.office.crm.tag_lead(lead_id, arguments.tags, run.key)
    return Kept(lead_id=lead.id, phone=lead.phone.text)


TOOLS = (
    Tool(
        "leads.upsert", "Keep what the caller is looking for, so that a person can call them back.", Upsert, Kept,
        upsert, Effect.OURS,
    ),
    Tool("leads.tag", "Add tags to a lead.", Tag, Kept, tag, Effect.OURS),
)  # fmt: skip
