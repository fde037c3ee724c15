"""The command line: what it lists, what it refuses and how, and that help stays light."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from agentd import __version__, cli, plugin_discovery
from agentd.cli import COMMANDS, LazyGroup, main
from agentd.errors import ConfigError, EngineError, PeerError

SCRIPTED = {"BIND": "127.0.0.1", "STT_ENGINE": "scripted", "LLM_ENGINE": "scripted", "TTS_ENGINE": "scripted"}
HEAVY = (
    "pydantic", "quart", "numpy", "scipy", "trio", "httpx", "rich", "onnxruntime", "faster_whisper", "msgspec",
    "sqlalchemy", "alembic", "psycopg", "dbos", "phonenumbers", "rapidfuzz", "openai", "google.protobuf", "grpc",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine, and a working directory without a settings file."""
    monkeypatch.chdir(tmp_path)
    for name in ("PUBLIC_BASE_URL", "BIND", "AGENTD_CONFIG", "AGENTD_PLUGINS", "AGENTD_DISABLED", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AGENTD_STATE", str(tmp_path / "state"))


def run(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=env)


def test_python_m_agentd_is_agentd() -> None:
    said = subprocess.run([sys.executable, "-m", "agentd", "--version"], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, f"agentd {__version__}\n")


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    # Plugins, all of them, are asked for their commands; these import what is heavy only when it is chosen.
    program = (
        "import sys; from agentd.cli import main; main(['--help'], standalone_mode=False); "
        f"print('heavy:', sorted(set({HEAVY!r}) & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout.rstrip().endswith("heavy: []")
    listed = said.stdout.partition("Commands:")[2].splitlines()
    assert [line.split()[0] for line in listed if line.strip()][: len(COMMANDS)] == list(COMMANDS)
    assert said.stderr == ""


def test_agentd_alone_imports_no_more_than_it_needs_to_be_a_plugin_s_decorator() -> None:
    program = f"import sys, agentd; print(sorted(set({(*HEAVY, 'click')!r}) & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    said = run(name, "--help")
    assert said.exit_code == 0
    assert f"\n  agentd {name}" in said.output


def test_an_unknown_command_is_a_usage_error() -> None:
    said = run("servee")
    assert said.exit_code == 2
    assert "No such command 'servee'" in said.output


@pytest.mark.parametrize("command", ["serve", "check"])
def test_bad_settings_are_one_line_on_stderr_and_exit_code_2(command: str) -> None:
    said = run(command)
    assert said.exit_code == 2
    assert said.stdout == ""
    assert said.stderr.startswith("agentd: environment: PUBLIC_BASE_URL: not set")
    assert ". Cure: " in said.stderr
    assert said.stderr.count("\n") == 1


def test_bad_settings_through_a_real_process_leave_no_traceback(tmp_path: Path) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text('BIND = "127.0.0.1"\nPROT = 1\n')
    said = subprocess.run(
        [sys.executable, "-m", "agentd", "check", "--config", str(toml)], capture_output=True, text=True
    )
    assert said.returncode == 2
    assert said.stderr == (
        f"agentd: {toml}: PROT: unknown setting (did you mean PORT?). Cure: correct the name or remove the line\n"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EngineError("gone", engine="google"), 1),
        (ExceptionGroup("g", [ExceptionGroup("h", [ConfigError("w", "K", "p", "c")]), PeerError("bad-json")]), 2),
    ],
)
def test_what_agentd_raises_on_purpose_is_a_line_each_and_a_code(error: Exception, code: int) -> None:
    group = LazyGroup(name="agentd")

    @click.command()
    def fails() -> None:
        raise error

    group.add_command(fails)
    said = CliRunner().invoke(group, ["fails"])
    assert said.exit_code == code
    assert all(line.startswith("agentd: ") for line in said.stderr.splitlines())
    assert "Traceback" not in said.output


def test_a_bug_is_not_dressed_up() -> None:
    group = LazyGroup(name="agentd")

    @click.command()
    def fails() -> None:
        raise ZeroDivisionError

    group.add_command(fails)
    assert isinstance(CliRunner().invoke(group, ["fails"]).exception, ZeroDivisionError)


def test_a_plugin_may_add_a_command_but_not_take_one_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def add(group: click.Group, found: object) -> list[str]:
        group.add_command(click.Command("hum", help="Hum a tune."))
        group.add_command(click.Command("serve", help="Not the daemon."))
        return []

    monkeypatch.setattr(plugin_discovery, "register_commands", add)
    group = LazyGroup(name="agentd")
    said = CliRunner().invoke(group, ["--help"])
    assert "Commands of plugins" in said.output
    assert "Hum a tune." in said.output
    assert "Not the daemon." not in said.output
    assert "a plugin adds a command serve" in said.stderr


def test_a_plugin_that_cannot_be_loaded_does_not_cost_the_help() -> None:
    said = CliRunner().invoke(LazyGroup(name="agentd"), ["--help"], env={"AGENTD_PLUGINS": "nosuch"})
    assert said.exit_code == 0
    assert "serve" in said.stdout
    assert said.stderr.startswith("agentd: settings: AGENTD_PLUGINS: no plugin is called nosuch")


def test_serve_tells_its_address_in_json_lines_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    arguments = ["serve", "--port", "0", "--stt", "scripted", "--llm", "scripted", "--tts", "scripted"]
    env = os.environ | {"BIND": "127.0.0.1", "LANGUAGE_CODE": "en-US", "MIN_UTT_SEC": "0.7"}
    with subprocess.Popen([sys.executable, "-m", "agentd", *arguments], stderr=subprocess.PIPE, env=env) as daemon:
        assert daemon.stderr is not None
        lines = []
        for raw in daemon.stderr:
            lines.append(json.loads(raw))
            if lines[-1]["event"] == "READY":
                daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0
    (ready,) = [line for line in lines if line["event"] == "READY"]
    assert ready["address"].startswith("127.0.0.1:")
    assert lines[0]["event"].startswith("MIN_UTT_SEC=0.7")


def test_a_busy_port_is_said_before_anything_is_loaded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = os.environ | {"BIND": "127.0.0.1", "PORT": str(port), "STT_ENGINE": "no-such-engine"}
        said = subprocess.run([sys.executable, "-m", "agentd", "serve"], capture_output=True, text=True, env=env)
    assert said.returncode == 2
    assert said.stderr.startswith(f"agentd: settings: PORT: cannot listen on 127.0.0.1:{port}: ")
    assert "--port" in said.stderr


def test_plugins_lists_what_is_there_and_what_it_brings() -> None:
    said = run("plugins", AGENTD_PLUGINS="scripted")
    assert said.exit_code == 0
    row = said.output.splitlines()[-1].split()
    assert row[0] == "scripted"
    assert "register_engines" in row
    assert {"stt:scripted", "llm:scripted", "tts:scripted"} <= set(row)
    example = run("plugins", AGENTD_PLUGINS="example").output
    assert "tts:beeps tool:example.opening_hours" in example


def test_check_shows_every_setting_with_its_origin_and_no_secret() -> None:
    said = run("check", "--show", **SCRIPTED, TWILIO_AUTH_TOKEN="hush", PROFILE="patient")
    lines = {line.split()[0]: line.split(None, 2)[1:] for line in said.output.splitlines() if line}
    assert said.exit_code == 0
    assert lines["TWILIO_AUTH_TOKEN"] == ["********", "environment"]
    assert lines["OPENAI_API_KEY"] == ["-", "default"]
    assert lines["EOU_SILENCE_MS"] == ["700", "profile patient"]
    assert lines["SILENCE_PROMPT_SEC"] == ["8,20", "default"]
    assert "hush" not in said.output


def test_check_fails_on_an_engine_that_is_not_there_and_says_what_is() -> None:
    said = run("check", **{**SCRIPTED, "TTS_ENGINE": "scripted,skripted"})
    assert said.exit_code == 1
    (row,) = [line for line in said.output.splitlines() if line.startswith("FAIL")]
    assert "tts skripted" in row
    assert "did you mean scripted?" in row


def test_check_passes_on_warnings() -> None:
    said = run("check", **SCRIPTED, MIN_UTT_SEC="0.7")
    assert said.exit_code == 0
    marks = {line.split()[0] for line in said.output.splitlines()[2:]}
    assert marks == {"ok", "warn"}


def test_check_live_speaks_listens_and_thinks() -> None:
    said = run("check", "--live", **SCRIPTED)
    assert said.exit_code == 0
    tried = [line for line in said.output.splitlines() if " ms" in line]
    assert [line.split()[1] for line in tried] == ["tts", "stt", "llm"]


def test_check_live_says_which_engine_does_not_work() -> None:
    said = run("check", "--live", **{**SCRIPTED, "LLM_ENGINE": "scripted:fail=connect"})
    assert said.exit_code == 1
    (row,) = [line for line in said.output.splitlines() if line.startswith("FAIL")]
    assert "llm scripted:fail=connect" in row
    assert "EngineError" in row


def test_a_state_directory_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = run("check", **SCRIPTED, AGENTD_STATE=str(tmp_path / "file" / "state"))
    assert said.exit_code == 1
    assert "set AGENTD_STATE" in said.output


def test_the_module_of_the_command_line_imports_click_alone() -> None:
    assert cli.__file__ is not None
    program = f"import sys, agentd.cli; print(sorted(set({(*HEAVY, 'pluggy')!r}) & sys.modules.keys()))"
    said = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert said.strip() in ("['pluggy']", "[]")
