"""The process of jobs as a child: real ones, killed, stopped, and left by their parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from agentd.cli import main
from agentd.config import Settings
from agentd.jobs import child
from agentd.jobs.child import COMMAND, from_line, keep_child, to_line
from agentd.jobs.claim import LOCK_FILE
from agentd.jobs.place import FILE


def settings_of(tmp_path: Path) -> Settings:
    return Settings.of(
        state_dir=tmp_path,
        language_code="en-US",
        twilio_auth_token="hush",
        stt_engine=("scripted",),
        silence_prompt_sec=(3, 9.5),
        plugins=("scripted",),
    )


def test_the_child_has_the_settings_of_its_parent_secrets_and_lists_included(tmp_path: Path) -> None:
    given = settings_of(tmp_path)
    line = to_line(given)
    assert line.count(b"\n") == 1
    assert from_line(line).model_dump() == given.model_dump()
    assert from_line(line).twilio_auth_token.get_secret_value() == "hush"


def test_settings_of_production_stay_those_of_production(tmp_path: Path) -> None:
    given = Settings.of(
        state_dir=tmp_path,
        agentd_env="production",
        bind="0.0.0.0",
        public_base_url="https://voice.example.com",
        twilio_auth_token="x",
    )
    assert from_line(to_line(given)).model_dump() == given.model_dump()


async def until(there: Callable[[], bool]) -> None:
    """A process that nobody else watches has come so far."""
    with trio.fail_after(60):
        while not there():
            await trio.sleep(0.05)


def holder(tmp_path: Path) -> int:
    """Who runs the jobs, as the lock file has it; 0: nobody yet."""
    file = tmp_path / LOCK_FILE
    return int(file.read_text() or 0) if file.exists() else 0


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_child_that_is_killed_is_started_again_and_none_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "BACKOFF_S", (0.0,))
    async with trio.open_nursery() as nursery:
        first = await nursery.start(keep_child, settings_of(tmp_path))
        first.kill()
        await until(lambda: holder(tmp_path) != 0)
        second = holder(tmp_path)
        assert second != first.pid
        nursery.cancel_scope.cancel(reason="the daemon ends")
    assert gone(second)


async def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    process = await trio.lowlevel.open_process(COMMAND, stdin=subprocess.PIPE)
    assert process.stdin is not None
    await process.stdin.send_all(to_line(settings_of(tmp_path)))
    await until(lambda: (tmp_path / FILE).exists() and holder(tmp_path) == process.pid)
    await process.stdin.aclose()  # as the kernel does for a parent that is killed
    with trio.fail_after(60):
        assert await process.wait() == 0


async def test_a_child_that_cannot_start_is_tried_at_growing_intervals(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[float] = []

    async def fails(settings: Settings, task_status: object) -> int:
        starts.append(trio.current_time())
        return 1

    monkeypatch.setattr(child, "_one", fails)
    with trio.move_on_after(200):
        await keep_child(settings_of(tmp_path))
    assert [round(after - before) for before, after in pairwise(starts)] == [1, 2, 5, 15, 60, 60]


# --- the command


def test_jobs_run_ends_well_on_sigterm(tmp_path: Path) -> None:
    env = os.environ | {"AGENTD_STATE": str(tmp_path), "BIND": "127.0.0.1", "AGENTD_PLUGINS": "scripted"}
    command = [arg for arg in COMMAND if arg != "--child"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        seen = []
        for line in process.stderr:
            seen.append(json.loads(line))
            if "jobs are run by node" in seen[-1]["event"]:
                process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert {line["level"] for line in seen} == {"INFO"}


def test_where_no_job_ever_ran_the_list_is_empty_and_none_can_be_retried(tmp_path: Path) -> None:
    env = {"AGENTD_STATE": str(tmp_path), "BIND": "127.0.0.1"}
    listed = CliRunner().invoke(main, ["jobs", "list"], env=env)
    assert (listed.exit_code, len(listed.output.splitlines())) == (0, 2)
    assert CliRunner().invoke(main, ["jobs", "list", "--json"], env=env).output.strip() == "[]"
    refused = CliRunner().invoke(main, ["jobs", "retry", "after-call-CA1"], env=env)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "there is no job after-call-CA1" in refused.stderr
    assert list(tmp_path.iterdir()) == []
