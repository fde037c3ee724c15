"""What the demo's call left in the store, lead, meeting and summary; and whether it is what the caller said."""

from __future__ import annotations

import re
from contextlib import aclosing
from dataclasses import dataclass

from agentd.config import Settings
from agentd.jobs.house import run_jobs
from agentd.storage import Conversation, Dealings
from agentd.store.sql_store import SqlStore

BOOKED = {"en": ("Miller", "0123"), "he": ("דניאל לוי", "4567")}
"""The end of the caller's name and number, as the lead must have them."""


@dataclass(frozen=True, slots=True)
class Kept:
    call: Conversation
    dealings: Dealings

    def missing(self, language: str) -> list[str]:
        """What should be there and is not, or not as the caller said it."""
        name, number = BOOKED[language.partition("-")[0]]
        known = self.call.slots.known.text if self.call.slots is not None else ""
        booked = [row for row in self.call.tool_calls if row.tool == "calendar.create" and row.outcome == "ok"]
        found = {
            "a lead": bool(self.dealings.leads),
            "a meeting at ten": any("T10:00" in row.arguments.text for row in booked) and bool(self.dealings.meetings),
            "a summary": bool(self.call.summary.text),
            f"the name {name}": name in known,
            f"the number {number}": number in re.sub(r"\D", "", known),
        }
        return [what for what, there in found.items() if not there]


async def kept(settings: Settings, call_sid: str) -> Kept | None:
    """Do the work after the call, as `agentd jobs run --once` does, and read what is there then."""
    await run_jobs(settings, once=True)
    async with aclosing(SqlStore(settings)) as store:
        await store.open(create=False)
        call = await store.conversation(call_sid)
        return None if call is None else Kept(call, await store.dealings_of(call.call))
