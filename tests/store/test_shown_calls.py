"""`agentd calls` and `agentd person` over a store with a row in every table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner, Result

from agentd.cli import main
from agentd.config import Settings
from agentd.events import Private
from agentd.office import MeetingDraft, Note, Span
from agentd.storage import CallOver
from agentd.store.people import MESSAGES_AFTER_MS
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts.store import CALLER, OTHER, began
from tests.store.whole_person import leave_everything

ANONYMOUS = Private("anonymous")


async def fill(state: Path) -> None:
    store = SqlStore(Settings.of(state_dir=state), lambda: 5000)
    await store.open()
    try:
        await leave_everything(store)
        await store.tool_over("tc-CA1", "ok", Private('{"lead":"x"}'), 12)
        await store.messages.keep(Note("late", CALLER, True, Private("a week later"), 7000 + MESSAGES_AFTER_MS, "sent"))
        await leave_everything(store, OTHER, "CA2", at_ms=900_000)
        for sid, at_ms in (("CA3", 2_000_000), ("CA4", 3_000_000)):
            await store.write([began(sid, caller=ANONYMOUS, at_ms=at_ms), CallOver(sid, 1, "stop", None, at_ms + 1)])
            draft = MeetingDraft(Span(at_ms, at_ms + 1), f"Viewing {sid}", ANONYMOUS, call_sid=sid)
            await store.calendar.book(draft, sid)
    finally:
        await store.aclose()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("state")
    trio.run(fill, made)
    return made


def run(state: Path, *arguments: str) -> Result:
    env = {"AGENTD_STATE": str(state), "BIND": "127.0.0.1", "DATABASE_URL": "", "TZ": "UTC"}
    return CliRunner().invoke(main, list(arguments), env=env)


def test_a_call_is_listed_with_the_name_of_its_caller(state: Path) -> None:
    rows = json.loads(run(state, "calls", "list", "--json").stdout)
    assert {row["call_sid"]: row["name"] for row in rows} == {"CA1": "Dana", "CA2": "Dana", "CA3": "", "CA4": ""}
    [line] = [line for line in run(state, "calls", "list").stdout.splitlines() if line.endswith("CA1")]
    assert line.split()[2:4] == [CALLER.text, "Dana"]


def test_a_call_is_shown_with_what_came_of_it(state: Path) -> None:
    shown = run(state, "calls", "show", "CA1").stdout
    lines = shown.splitlines()
    tool = next(line for line in lines if "leads.upsert" in line)
    assert tool.split() == ["00:00", "voice", "leads.upsert", "allow", "allowed", "ok", "12"]
    assert "slots (1 missing): area=Haifa" in lines
    assert "approval ap-CA1: crm.update, pending" in lines
    assert any(line.startswith("lead lead-") and line.endswith("new [hot]: area=Haifa") for line in lines)
    assert any(line.startswith("meeting meeting-") and line.endswith(" Viewing, booked") for line in lines)
    assert {"note: wants a call back", "summary: a flat in Haifa"} <= set(lines)
    assert any(line.endswith("caller  hello (received)") for line in lines)
    assert "a week later" not in shown
    assert OTHER.text not in shown


def test_the_json_of_a_call_has_all_of_it(state: Path) -> None:
    call = json.loads(run(state, "calls", "show", "CA1", "--json").stdout)
    assert call["slots"] == {"area": "Haifa"}
    assert [row["outcome"] for row in call["tool_calls"]] == ["ok"]
    assert [row["state"] for row in call["approvals"]] == ["pending"]
    assert [row["text"] for row in call["notes"]] == ["wants a call back"]
    assert call["summary"] == "a flat in Haifa"
    assert [row["slots"] for row in call["leads"]] == [{"area": "Haifa"}]
    assert [(row["from_ms"], row["until_ms"]) for row in call["meetings"]] == [(11_000, 11_001)]
    assert [row["text"] for row in call["messages"]] == ["hello"]


def test_callers_who_show_no_number_are_not_one_person(state: Path) -> None:
    call = json.loads(run(state, "calls", "show", "CA3", "--json").stdout)
    assert [meeting["title"] for meeting in call["meetings"]] == ["Viewing CA3"]
    assert call["leads"] == []


def test_a_person_is_exported_with_all_their_dealings_and_removed(state: Path) -> None:
    exported = json.loads(run(state, "person", "export", CALLER.text).stdout)
    assert exported["customer"]["email"] == "dana@example.co.il"
    assert exported["customer"]["fields"] == {"rooms": "4"}
    assert [row["text"] for row in exported["messages"]] == ["hello", "a week later"]
    assert [len(exported[name]) for name in ("calls", "leads", "meetings")] == [1, 1, 1]
    removed = run(state, "person", "delete", CALLER.text, "--yes")
    assert "1 leads" in removed.stdout
    assert "2 messages" in removed.stdout
    assert run(state, "person", "export", CALLER.text).exit_code == 1
    assert len(json.loads(run(state, "person", "export", OTHER.text).stdout)["leads"]) == 1
