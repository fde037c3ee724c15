"""The shipped dialogues with the rules brain, offline: what a release must reach, and that they stay mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from datetime import date, datetime, timedelta
from functools import cache

import pytest
import trio
from agentd_local.rules.brain import RulesLLM

from agentd.agents.playbook_file import load_playbook
from agentd.config import Settings
from agentd.engines import Prompt, Token, ToolCall
from agentd.evals.report import as_json, figures, rows
from agentd.evals.run import Bench, Outcome, check_names, run_all
from agentd.evals.script import Script, parse_scripts, shipped_scripts

TODAY = date(2026, 11, 24)  # a Tuesday, which the callers name
BRAIN = RulesLLM(clock=lambda: datetime(2026, 11, 24, 9))


async def play(*scripts: Script) -> list[Outcome]:
    settings = Settings.of()
    bench = Bench(BRAIN, BRAIN, settings, TODAY)
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


@pytest.fixture(scope="module")
def shipped() -> list[Outcome]:
    """All of them, played once."""
    return trio.run(play, *shipped_scripts())


def test_the_rules_brain_fills_95_percent_of_the_slots(shipped: list[Outcome]) -> None:
    total = figures(shipped)
    assert total.slots >= 300
    assert total.slots_percent >= 95, [row for row in rows(shipped) if row[4]]


def test_the_rules_brain_uses_the_right_tools(shipped: list[Outcome]) -> None:
    booking = [each for each in shipped if each.script.expect.tools is not None]
    assert len(booking) >= 12
    assert [row for row in rows(booking) if row[3] != "right"] == []
    assert figures(booking).tools_percent == 100


@cache
def booking_scripts() -> list[Script]:
    return [script for script in shipped_scripts() if script.expect.tools is not None]


@pytest.mark.parametrize("ahead", [1, 3, 4, 26])  # Wednesday, Friday, Saturday, and in December
async def test_a_booking_does_not_hang_on_the_day_on_which_it_is_played(ahead: int) -> None:
    day = TODAY + timedelta(ahead)
    brain = RulesLLM(clock=lambda: datetime(day.year, day.month, day.day, 9))
    pairs = [(script, load_playbook(script.playbook, "")) for script in booking_scripts()]
    outcomes = await run_all(Bench(brain, brain, Settings.of(), day), pairs)
    assert [row for row in rows(outcomes) if row[-1]] == []


async def test_tools_that_were_wanted_and_tools_that_were_not_are_seen() -> None:
    wanted = BOOKING.replace("[]", "[calendar.find_slots, calendar.create, whatsapp.send]")
    outcomes = await play(*parse_scripts(f"{BOOKING}---{wanted}---{BOOKING.replace('tools: []', '')}", "x.yaml"))
    assert [each.tools_wrong for each in outcomes] == [
        "tools: calendar.create was used",
        "tools: whatsapp.send was not used, only calendar.find_slots, calendar.create, leads.upsert",
        "",
    ]
    assert [row[3] for row in rows(outcomes)] == ["wrong", "wrong", "-"]
    assert figures(outcomes).with_tools == 2
    assert as_json(outcomes, "rules")["outcomes"][0]["tools"][0] == {"tool": "calendar.find_slots", "ok": True}
    assert outcomes[2].used == ()


async def test_agents_that_are_switched_off_use_no_tool() -> None:
    settings = Settings.of(agents_enabled=False)
    [script] = parse_scripts(BOOKING, "x.yaml")
    [outcome] = await run_all(Bench(BRAIN, BRAIN, settings, TODAY), [(script, load_playbook(script.playbook, ""))])
    assert outcome.used == ()
    assert outcome.turns > 0


async def test_a_model_is_judged_by_what_it_noted() -> None:
    """It says nothing back, and notes the phone only."""

    class Noting:
        @trio.as_safe_channel
        async def reply(self, prompt: Prompt) -> AsyncGenerator[Token | ToolCall, None]:
            yield Token("All right. What else can I do?")
            yield ToolCall("1", "slots.note", {"slots": {"phone": "+1 212 555 0123", "nothing": "x"}})

    [script] = parse_scripts(BOOKING.replace("expect:", "expect:\n  closes: false"), "x.yaml")
    [outcome] = await run_all(
        Bench(Noting(), BRAIN, Settings.of(), TODAY), [(script, load_playbook(script.playbook, ""))]
    )
    assert outcome.slots["phone"] == ("2125550123", "2125550123", True)
    assert outcome.slots["when"][2] is False


def test_every_reply_keeps_every_rule_and_every_call_closes(shipped: list[Outcome]) -> None:
    assert [(each.script.name, each.broken) for each in shipped if each.broken] == []


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
BOOKING = ONE.replace("name: one", "name: booking").replace("expect:", "  - whatsapp: no\nexpect:\n  tools: []")
SILENT = """
name: silent
playbook: receptionist-en
caller: [(unclear), (unclear)]
expect:
  max_turns: 24
  slots: {name: Dana}
"""
