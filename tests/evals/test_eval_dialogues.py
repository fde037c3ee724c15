"""The shipped dialogues with the rules brain, offline: what a release must reach, and that they stay mixed."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from agentd_local.rules.brain import RulesLLM

from agentd.agents.playbook_file import load_playbook
from agentd.config import Settings
from agentd.evals.report import as_json, figures, rows
from agentd.evals.run import Bench, Outcome, check_names, run_all
from agentd.evals.script import Script, parse_scripts, shipped_scripts

TODAY = date(2026, 11, 24)  # a Tuesday, which the callers name
BRAIN = RulesLLM(clock=lambda: datetime(2026, 11, 24, 9))


async def play(*scripts: Script) -> list[Outcome]:
    settings = Settings.of()
    bench = Bench(BRAIN, BRAIN, settings, settings.ai_max_words_first_reply, TODAY)
    pairs = [(script, load_playbook(script.playbook, "")) for script in scripts]
    for script, playbook in pairs:
        check_names(script, playbook)
    return await run_all(bench, pairs)


def test_there_are_enough_of_every_kind() -> None:
    scripts = shipped_scripts()
    languages = Counter(script.playbook[-2:] for script in scripts)
    assert languages["he"] >= 30
    assert languages["en"] >= 15
    for language in ("he", "en"):
        about = {what for script in scripts if script.playbook.endswith(language) for what in script.about}
        assert about >= {"mumbling", "correction", "off-topic", "anger", "two questions", "prompt injection"}


async def test_the_rules_brain_fills_95_percent_of_the_slots() -> None:
    outcomes = await play(*shipped_scripts())
    total = figures(outcomes)
    assert total.slots >= 300
    assert total.slots_percent >= 95, [row for row in rows(outcomes) if row[4]]


async def test_every_reply_keeps_every_rule_and_every_call_closes() -> None:
    assert [(each.script.name, each.broken) for each in await play(*shipped_scripts()) if each.broken] == []


async def test_the_json_has_every_line_and_every_slot() -> None:
    [outcome] = await play(*parse_scripts(ONE, "one.yaml"))
    data = as_json([outcome], "rules")
    assert data["slots_percent"] == 100.0
    assert data["turns_to_close"] == len(data["outcomes"][0]["lines"])
    assert data["outcomes"][0]["slots"]["phone"] == {"wanted": "2125550123", "got": "2125550123", "right": True}
    assert data["outcomes"][0]["lines"][0]["asks"] == "name"


async def test_a_caller_who_never_answers_is_let_go_politely() -> None:
    [outcome] = await play(*parse_scripts(SILENT, "silent.yaml"))
    assert outcome.turns > 0
    assert outcome.slots["name"][2] is False


ONE = """
name: one
playbook: receptionist-en
caller:
  - I need an appointment
  - name: Dana
  - phone: 212 555 0123
  - when: tomorrow at ten
expect:
  slots: {phone: 2125550123, when: +1 10:00}
"""
SILENT = """
name: silent
playbook: receptionist-en
caller: [(unclear), (unclear)]
expect:
  max_turns: 24
  slots: {name: Dana}
"""
