"""The example of a tool: found by its name, run through the real gate, and shown on the page for authors."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from agentd_example_engine import opening_hours
from trio.testing import MockClock

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.toolboxes import Toolboxes
from agentd.config import Settings
from agentd.core.playbook import Playbook
from agentd.core.policy import Agent
from agentd.core.speech import ToolCall
from agentd.plugins import Plugins
from agentd.testing.ledger import MemoryLedger
from agentd.testing.office import MemoryOffice

NAME = "example.opening_hours"
SHOP = Playbook(
    name="shop", language="en", persona="", greeting="", hours={"sun": ("09:00-13:00", "14:00-18:00")},
    holidays=("2026-03-08",), agents={"voice": (NAME,)},
)  # fmt: skip


def boxes() -> Toolboxes:
    settings, ledger = Settings.of(plugins="example"), MemoryLedger()
    approvals = ApprovalDesk(ledger, 60.0, lambda: 0)
    return Toolboxes(settings, Plugins.load(settings).tools(), MemoryOffice().parts, ledger, approvals)


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2026-03-01", {"open": ["09:00-13:00", "14:00-18:00"]}),
        ("2026-03-08", {"open": []}),
        ("2026-03-02", {"open": []}),
        ("2026-02-30", {"error": "There is no such day: write 2026-03-31."}),
    ],
)
async def test_it_answers_through_the_gate(autojump_clock: MockClock, day: str, says: dict[str, Any]) -> None:
    desk = boxes().for_agent(Agent.VOICE, "CA1", "+972501234567", SHOP, lambda event: None)
    assert [offer.name for offer in desk.offers] == [NAME]
    answer = await desk.run(ToolCall("c", NAME, {"day": day}), (), 1)
    assert json.loads(answer.result) == says


def test_the_page_for_authors_shows_this_very_tool() -> None:
    page = Path(__file__).parents[3] / "docs" / "plugins.md"
    assert inspect.getsource(opening_hours) in page.read_text(encoding="utf-8")
