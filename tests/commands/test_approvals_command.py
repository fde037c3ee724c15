"""`agentd approvals` and `agentd token` on a real store, as an operator types them; and two of them at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner, Result

from agentd.agents.approvals import ApprovalDesk
from agentd.cli import main
from agentd.config import Settings
from agentd.core.approvals import digest_of
from agentd.events import Private
from agentd.ledger import ApprovalRow
from agentd.store.sql_store import SqlStore

TOOL, ARGUMENTS = "crm.update", '{"field":"tier","id":"c1","value":"gold"}'


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine, a name, and a store."""
    monkeypatch.chdir(tmp_path)
    for name in ("PUBLIC_BASE_URL", "AGENTD_CONFIG", "DATABASE_URL", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BIND", "127.0.0.1")
    monkeypatch.setenv("USER", "dana")
    monkeypatch.setenv("AGENTD_STATE", str(tmp_path / "state"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def settings() -> Settings:
    return Settings.of(state_dir=Path(os.environ["AGENTD_STATE"]))


def now_ms() -> int:
    return round(time.time() * 1000)


def kept(*rows: ApprovalRow) -> None:
    async def write() -> None:
        store = SqlStore(settings())
        await store.open()
        for row in rows:
            await store.ask(row)
        await store.aclose()

    trio.run(write)


def waiting(id: str = "ap-1", left_ms: int = 60_000) -> ApprovalRow:
    return ApprovalRow(
        id=id,
        call_sid="CA1",
        agent="voice",
        tool=TOOL,
        arguments=Private(ARGUMENTS),
        digest=digest_of(TOOL, ARGUMENTS),
        why="a field that needs a person",
        state="pending",
        version=1,
        asked_ms=now_ms() - 1000,
        expires_ms=now_ms() + left_ms,
    )


def test_the_list_holds_what_waits_with_its_arguments_and_survives_a_pipe() -> None:
    kept(waiting("ap-1"), waiting("ap-2"), waiting("ap-late", left_ms=-1))
    said = run("approvals", "list")
    assert said.exit_code == 0
    lines = said.output.splitlines()
    assert lines[1].split() == ["approval", "asked", "left", "state", "agent", "tool", "arguments"]
    assert {line.split()[0] for line in lines[2:]} == {"ap-1", "ap-2"}
    assert all(line.endswith(ARGUMENTS) for line in lines[2:])


def test_as_data_the_arguments_are_data_too() -> None:
    kept(waiting("ap-1"), waiting("ap-late", left_ms=-1))
    found = {row["id"]: row for row in json.loads(run("approvals", "list", "--state", "", "--json").output)}
    assert {id: row["state"] for id, row in found.items()} == {"ap-1": "pending", "ap-late": "expired"}
    assert found["ap-1"]["arguments"] == {"id": "c1", "field": "tier", "value": "gold"}
    assert json.loads(run("approvals", "show", "ap-1", "--json").output) == found["ap-1"]
    late = json.loads(run("approvals", "list", "--state", "expired", "--json").output)
    assert late == [found["ap-late"]]  # its process died before it could write so


@pytest.mark.parametrize(("verb", "state", "other"), [("approve", "approved", "deny"), ("deny", "denied", "approve")])
def test_the_first_decision_counts_and_the_second_is_told_so(verb: str, state: str, other: str) -> None:
    kept(waiting())
    first = run("approvals", verb, "ap-1")
    assert first.exit_code == 0, first.output
    assert ARGUMENTS in first.output
    assert f"{state}, decided by command line: dana" in first.output
    second = run("approvals", other, "ap-1")
    assert second.exit_code == 1
    assert second.stderr == f"agentd: ap-1 was {state} by command line: dana\n"


def test_too_late_and_unknown_are_sentences_and_exit_code_1() -> None:
    kept(waiting(left_ms=-1))
    late, nobody = run("approvals", "approve", "ap-1"), run("approvals", "deny", "ap-2")
    assert (late.exit_code, late.stderr) == (1, "agentd: ap-1 has expired: nothing was done\n")
    assert (nobody.exit_code, nobody.stderr.startswith("agentd: there is no approval ap-2")) == (1, True)
    assert run("approvals", "show", "ap-1").output.splitlines()[-1] == "state:     expired"


def test_a_tool_that_waits_in_a_daemon_goes_on_when_the_command_says_yes() -> None:
    """Two processes, one store."""

    async def daemon() -> str:
        store = SqlStore(settings())
        await store.open()
        desk, outcomes = ApprovalDesk(store, 60.0, now_ms), []

        async def tool() -> None:
            outcomes.append(
                await desk.decide(
                    "ap-1", tool=TOOL, agent="voice", call_sid="CA1", arguments=ARGUMENTS, why="",
                    emit=lambda event: None,
                )
            )  # fmt: skip

        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tool)
                while await store.approval("ap-1") is None:
                    await trio.sleep(0.01)
                command = [sys.executable, "-m", "agentd", "approvals", "approve", "ap-1"]
                done = await trio.run_process(command, capture_stdout=True)
                assert b"approved, decided by command line: dana" in done.stdout
        row = await store.approval("ap-1")
        await store.aclose()
        assert row is not None
        assert row.state == "used"
        return outcomes[0]

    assert trio.run(daemon) == "approved"


def test_watch_tells_each_that_comes_and_ends_with_ctrl_c() -> None:
    kept(waiting("ap-1"))
    command = [sys.executable, "-m", "agentd", "approvals", "list", "--watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        assert json.loads(watch.stdout.readline())["id"] == "ap-1"
        kept(waiting("ap-2"))
        assert json.loads(watch.stdout.readline())["id"] == "ap-2"
        watch.send_signal(signal.SIGINT)
        rest, complaint = watch.communicate(timeout=10)
    assert rest == ""
    assert "Traceback" not in complaint


def test_without_a_store_it_says_so() -> None:
    said = run("approvals", "list")
    assert said.exit_code == 2
    assert "Traceback" not in said.output


# --- tokens


def test_a_token_is_printed_once_alone_on_stdout_and_listed_by_name() -> None:
    made = run("token", "new", "--name", "front-desk", "--days", "7")
    token = made.stdout.strip()
    assert (made.exit_code, token.startswith("agentd_"), made.stdout.count("\n")) == (0, True, 1)
    assert token not in made.stderr
    run("token", "new", "--name", "forever")
    listed = run("token", "list")
    assert token not in listed.output
    assert [line.split()[0] for line in listed.output.splitlines()[2:]] == ["front-desk", "forever"]
    assert listed.output.rstrip().endswith("it is revoked")
    [first, second] = json.loads(run("token", "list", "--json").output)
    assert first.keys() == {"name", "made_ms", "until_ms"}
    assert (first["until_ms"] - first["made_ms"], second["until_ms"]) == (7 * 86_400_000, None)


def test_a_revoked_token_is_gone_and_what_cannot_be_done_is_a_sentence() -> None:
    run("token", "new", "--name", "a")
    again = run("token", "new", "--name", "a")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "a token a already" in again.stderr
    assert run("token", "revoke", "a").output == "revoked: a\n"
    assert run("token", "revoke", "a").exit_code == 1
    assert json.loads(run("token", "list", "--json").output) == []


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 41, "שם"])
def test_a_name_that_would_not_do_in_a_record_is_refused(name: str) -> None:
    said = run("token", "new", f"--name={name}")
    assert (said.exit_code, said.stdout) == (2, "")
