"""A whole call in which the rules brain books: its tools run behind the gate, in an office in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from agentd_local.rules.brain import RulesLLM

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.playbook_file import load_playbook
from agentd.agents.toolboxes import Toolboxes
from agentd.config import Settings
from agentd.core.playbook import Playbook
from agentd.events import SlotsKnown, ToolAsked, ToolOver
from agentd.testing.ledger import MemoryLedger
from agentd.testing.office import MemoryOffice
from agentd.testing.play import play
from agentd.testing.stage import Stage, stage

EVERY_DAY = dict.fromkeys(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), ("08:00-20:00",))
ENGLISH = replace(load_playbook("receptionist-en", ""), hours=EVERY_DAY, holidays=())
HEBREW = replace(load_playbook("realestate-he", ""), hours=EVERY_DAY, holidays=())


def call(playbook: Playbook, lines: list[str]) -> tuple[Stage, MemoryOffice]:
    """The caller says each line when the agent has finished."""
    office, ledger = MemoryOffice(), MemoryLedger()
    now = datetime.combine(date.today(), time(9), ZoneInfo(playbook.timezone)).timestamp()
    approvals = ApprovalDesk(ledger, 1.0, lambda: round(now * 1000))
    boxes = Toolboxes(Settings.of(), (), office.parts, ledger, approvals, clock=lambda: now)

    async def scene() -> Stage:
        async with stage(llm=RulesLLM(), playbook=playbook, tools=boxes.for_call) as s:  # type: ignore[arg-type]
            await s.caller.hears_end(within_s=20)
            for line in lines:
                await s.caller.says(line)
                await s.caller.hears_end(within_s=40)
        return s

    return play(scene), office


@pytest.mark.parametrize(
    ("playbook", "lines"),
    [
        (ENGLISH, ["I'd like to book an appointment", "Dana Levi", "zero five four, one two three, four five six seven",
                   "yes", "tomorrow at ten", "yes please", "yes thank you"]),
        (HEBREW, ["שלום אנחנו מחפשים דירה לקנייה ברמת גן", "עד שני מיליון וחצי", "אין לחץ", "דנה לוי",
                  "0541234567", "כן נכון", "השני מתאים", "כן בבקשה"]),
    ],
)  # fmt: skip
def test_a_caller_books_and_gets_a_confirmation(playbook: Playbook, lines: list[str]) -> None:
    s, office = call(playbook, lines)
    assert s.said() == lines
    [meeting] = office.meetings.values()
    assert meeting.with_phone.text == "+972541234567"
    assert meeting.with_name.text in ("Dana Levi", "דנה לוי")
    [lead] = office.leads.values()
    assert lead.slots["phone"] == "0541234567"
    [note] = office.notes
    assert note.phone.text == "+972541234567"
    assert s.answered()[-1].endswith(playbook.closing)
    assert [event.tool for event in s.events(ToolAsked)] == [
        "calendar.find_slots", "calendar.create", "leads.upsert", "whatsapp.send",
    ]  # fmt: skip
    assert {event.outcome for event in s.events(ToolOver)} == {"ok"}
    assert s.events(SlotsKnown)[-1].missing == 0
