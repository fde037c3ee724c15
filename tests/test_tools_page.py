"""`docs/tools.md` is what the code says: every tool, every agent's tools, every rule of the gate."""

from __future__ import annotations

import re
from pathlib import Path

from agentd.agents.tools import DEFAULTS, VOICE, house_tools
from agentd.core.policy import Agent, Effect
from agentd.core.policy_rules import MOST_CALLS, MOST_EFFECTS, RULES

PAGE = (Path(__file__).parents[1] / "docs" / "tools.md").read_text(encoding="utf-8")
WORDS = {Effect.READ: "nothing", Effect.OURS: "ours", Effect.OUTSIDE: "outside"}


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_tool_with_what_it_changes() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| (\w+) \|", section("The thirteen"), re.MULTILINE)
    assert len(rows) == 13
    assert dict(rows) == {tool.name: WORDS[tool.effect] for tool in house_tools()}


def test_every_agent_has_what_is_said() -> None:
    text = section("Who has which")
    voice = re.search(r"\| `voice` \| (.*) \|", text)
    assert voice is not None
    assert re.findall(r"`([\w.]+)`", voice[1]) == list(VOICE)
    assert {*DEFAULTS[Agent.WHATSAPP]} - {*VOICE} == {"whatsapp.fetch_thread"}
    assert {*VOICE} - {*DEFAULTS[Agent.WHATSAPP]} == {"calls.log_create", "stt.get_last_transcript"}


def test_every_rule_in_its_order_and_its_limits() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", section("The gate"), re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`([\w-]+)`", row)] == [rule.name for rule in RULES]
    assert MOST_EFFECTS == {"whatsapp.send": 2, "calendar.create": 2, "leads.upsert": 5}
    assert MOST_CALLS == 20
