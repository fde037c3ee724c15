"""A call through the whole daemon, over real sockets, is in the store afterwards; and the commands show it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner, Result

from agentd.audio.mulaw import decode
from agentd.cli import main
from agentd.config import Settings
from agentd.daemon import Daemon
from agentd.events import AgentSaid, CallEnded, CallerSaid, Event, Recorded, Turn
from agentd.plugins import Plugins
from agentd.simulator.phone import Network, place_call
from agentd.simulator.script import HangUp, Interrupt, Say, Step, WaitForAgent
from agentd.storage import AuditRow
from agentd.store.audit import broken_at
from agentd.store.migrate import HEAD
from agentd.store.sql_store import SqlStore
from agentd.telemetry.turns import NAMES, turn_fields
from agentd.testing.sounds import voice

CALLER = "+972501234567"
SCRIPT: list[Step] = [
    WaitForAgent(within_s=4, quiet_s=0.4),
    Say(decode(voice(0.9))),
    Interrupt(decode(voice(0.9)), after_s=0.4),
    HangUp(),
]


def settings(state: Path) -> Settings:
    engines = dict.fromkeys(("stt_engine", "llm_engine", "tts_engine"), ("scripted",))
    return Settings.of(port=0, state_dir=state, language_code="en-US", **engines)


class Listener:
    name = "listener"

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        async for recorded in tape:
            self.events.append(recorded.event)


async def one_call(state: Path) -> tuple[str, list[Event]]:
    """Place a call to a daemon that is drained afterwards; its CallSid and what was on the tapes."""
    chosen, listener = settings(state), Listener()
    daemon = Daemon(chosen, Plugins.load(chosen), subscribers=[listener], progress=lambda text: None)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            address = await nursery.start(daemon.run)
            url = f"http://{address}/webhook/incoming_call"
            result = await place_call(url, SCRIPT, network=Network(seed=1, caller=CALLER))
            while not any(isinstance(event, CallEnded) for event in listener.events):
                await trio.sleep(0.01)
            daemon.drain()
    return result.call_sid, listener.events


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, list[Event]]:
    state = tmp_path_factory.mktemp("state")
    return state, *trio.run(one_call, state)


def run(state: Path, *arguments: str, typed: str = "") -> Result:
    env = {"AGENTD_STATE": str(state), "BIND": "127.0.0.1", "DATABASE_URL": ""}
    return CliRunner().invoke(main, list(arguments), env=env, input=typed)


def test_a_call_is_listed_with_its_end(kept: tuple[Path, str, list[Event]]) -> None:
    state, sid, _ = kept
    [call] = json.loads(run(state, "calls", "list", "--since", "1h", "--json").stdout)
    assert (call["call_sid"], call["caller"], call["reason"], call["streams"]) == (sid, CALLER, "stop", 1)
    assert 2000 < call["ended_ms"] - call["began_ms"] < 60_000
    [_, _, row] = run(state, "calls", "list").stdout.splitlines()
    assert row.split()[-1] == sid


def test_a_call_is_shown_as_it_was_heard_and_measured(kept: tuple[Path, str, list[Event]]) -> None:
    state, sid, events = kept
    call = json.loads(run(state, "calls", "show", sid, "--json").stdout)
    said = [e for e in events if isinstance(e, CallerSaid) or (isinstance(e, AgentSaid) and e.text.text)]
    assert [line["text"] for line in call["lines"]] == [event.text.text for event in said]
    assert [line["who"] for line in call["lines"]][:3] == ["agent", "caller", "agent"]
    assert [line["cut"] for line in call["lines"]] == [getattr(event, "cut", False) for event in said]
    measured = [turn_fields(event, sid) for event in events if isinstance(event, Turn)]
    assert [turn["turn"] for turn in call["measures"]] == [fields["turn"] for fields in measured]
    for turn, fields in zip(call["measures"], measured, strict=True):
        assert {name: turn[name.lower()] for name in NAMES} == {name: fields[name] for name in NAMES}


def test_a_call_is_shown_to_be_read(kept: tuple[Path, str, list[Event]]) -> None:
    state, sid, events = kept
    text = run(state, "calls", "show", sid).stdout
    assert f"{CALLER} ->" in text
    assert "ended: stop" in text
    [first, *_] = [event.text.text for event in events if isinstance(event, CallerSaid)]
    assert f"caller  {first}" in text


@pytest.mark.parametrize("command", [("calls", "list"), ("approvals", "list"), ("jobs", "list"), ("token", "list")])
def test_who_opens_no_door_needs_no_address(
    kept: tuple[Path, str, list[Event]], command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, _, _ = kept
    for name in ("BIND", "PUBLIC_BASE_URL", "AGENTD_ENV", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    said = CliRunner().invoke(main, list(command), env={"AGENTD_STATE": str(state)})
    assert said.exit_code == 0, said.output


def test_a_person_is_exported_and_removed_and_the_audit_trail_says_so(kept: tuple[Path, str, list[Event]]) -> None:
    state, sid, _ = kept
    spaced = "+972 50-123-4567"
    exported = json.loads(run(state, "person", "export", spaced).stdout)
    assert exported["customer"]["phone"] == CALLER
    assert [call["call_sid"] for call in exported["calls"]] == [sid]
    assert exported["calls"][0]["lines"]

    sounds = [
        state / "recordings" / f"{sid}.wav",
        state / "recordings" / f"{sid}.2.wav",
        state / "samples" / f"{sid}.wav",
    ]
    other = state / "recordings" / f"{sid}0.wav"
    for path in (*sounds, other):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert run(state, "person", "delete", spaced, typed="n\n").exit_code == 1
    assert all(path.exists() for path in sounds)
    assert json.loads(run(state, "person", "export", spaced).stdout) == exported
    removed = run(state, "person", "delete", spaced, typed="y\n")
    assert removed.exit_code == 0
    assert removed.stdout.startswith("removed: ")
    assert "3 sound files" in removed.stdout
    assert [path for path in (*sounds, other) if path.exists()] == [other]

    assert json.loads(run(state, "calls", "list", "--json").stdout) == []
    again = run(state, "person", "export", CALLER)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "nothing is kept of +972501234567" in again.stderr
    rows = trio.run(trail, state)
    assert [row.action for row in rows] == ["person-export", "person-export", "person-delete"]
    assert broken_at(rows) is None
    assert not any("50123456" in row.detail for row in rows)


async def trail(state: Path) -> list[AuditRow]:
    store = SqlStore(settings(state))
    await store.open(create=False)
    rows = await store.trail()
    await store.aclose()
    return rows


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("calls", "show", "CA1"), 1, "no call CA1 is kept"),
        (("calls", "list", "--since", "yesterday"), 2, "is neither a date"),
        (("person", "export", "anonymous"), 2, "no number in the international form"),
        (("person", "delete", "+972509999999", "--yes"), 1, "nothing is kept of"),
    ],
)
def test_what_is_not_there_or_not_understood_is_said(
    kept: tuple[Path, str, list[Event]], arguments: tuple[str, ...], code: int, says: str
) -> None:
    said = run(kept[0], *arguments)
    assert said.exit_code == code
    assert says in said.stderr
    assert "Traceback" not in said.output


def test_a_state_directory_without_a_store_is_said(tmp_path: Path) -> None:
    said = run(tmp_path, "calls", "list")
    assert (said.exit_code, said.stdout) == (2, "")
    assert "agentd.db does not exist" in said.stderr


def test_check_says_which_store_there_is_and_makes_none(kept: tuple[Path, str, list[Event]], tmp_path: Path) -> None:
    engines = dict.fromkeys(("STT_ENGINE", "LLM_ENGINE", "TTS_ENGINE"), "scripted")

    def row(state: Path, url: str = "") -> list[str]:
        env = {"AGENTD_STATE": str(state), "BIND": "127.0.0.1", "DATABASE_URL": url, **engines}
        said = CliRunner().invoke(main, ["check"], env=env).stdout
        return next(line for line in said.splitlines() if line.split()[1:2] == ["store"]).split()

    assert row(kept[0])[::2] == ["ok", str(kept[0] / "agentd.db,"), HEAD]
    assert "made);" in row(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert row(tmp_path, "postgresql://u:secret@127.0.0.1:1/db")[0] == "FAIL"
