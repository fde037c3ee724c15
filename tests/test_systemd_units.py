"""The units under `systemd/`: systemd takes them, they run commands that there are, and both are one house."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from agentd.cli import main
from agentd.config import Settings
from agentd.config_rules import env_name

UNITS = sorted((Path(__file__).parents[1] / "systemd").glob("*.service"))
INSTALLED = "/opt/agentd/.venv/bin/agentd"


def service(unit: Path) -> ConfigParser:
    found = ConfigParser(strict=True, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(unit.read_text("utf-8"))
    return found


def test_there_is_one_for_the_daemon_and_one_for_jobs() -> None:
    assert [unit.name for unit in UNITS] == ["agentd-jobs.service", "agentd.service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_has_nothing_to_say_against_them(tmp_path: Path) -> None:
    for unit in UNITS:  # nothing is installed under /opt here
        text = unit.read_text("utf-8").replace(INSTALLED, "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
    units = [str(tmp_path / unit.name) for unit in UNITS]
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_there_is(unit: Path) -> None:
    program, *arguments = shlex.split(service(unit)["Service"]["ExecStart"])
    assert program == INSTALLED
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        found = command.get_command(context, arguments.pop(0))
        assert found is not None
        command = found
    parsed = command.make_context("agentd", arguments, resilient_parsing=False)
    assert str(parsed.params["config"]) == "/etc/agentd/agentd.toml"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_credential_is_named_like_the_secret_that_it_is(unit: Path) -> None:
    name, _, path = service(unit)["Service"]["LoadCredential"].partition(":")
    assert name in {env_name(field) for field in Settings.model_fields}
    assert path.startswith("/etc/agentd/")


def test_both_are_the_same_user_with_the_same_state() -> None:
    jobs, daemon = (service(unit)["Service"] for unit in UNITS)
    assert jobs["User"] == daemon.get("User", "agentd")  # a dynamic user is called like its unit
    for key in ("DynamicUser", "StateDirectory", "UMask", "LoadCredential"):
        assert jobs[key] == daemon[key]
