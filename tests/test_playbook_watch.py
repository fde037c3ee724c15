"""A playbook that changes is used by the next call; a broken one is told of, and the last good one stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from agentd.agents.playbook_draft import draft
from agentd.agents.playbook_file import parse_playbook, shipped_playbooks
from agentd.agents.playbook_watch import PlaybookWatch
from agentd.cli import main
from agentd.core.playbook import Playbook
from agentd.errors import ConfigError


class Told:
    def __init__(self) -> None:
        self.changed: list[Playbook] = []
        self.refused: list[ConfigError] = []

    def watch(self, path: str) -> PlaybookWatch:
        return PlaybookWatch(path, "en-US", self.changed.append, self.refused.append)


def write(path: Path, text: str, at: int) -> None:
    path.write_text(text, "utf-8")
    os.utime(path, (at, at))


def test_a_change_is_seen_once_and_a_broken_edit_keeps_the_last_good_one(tmp_path: Path) -> None:
    path, told = tmp_path / "office.toml", Told()
    text = draft("office", "en-US", "")
    write(path, text, 1)
    watch = told.watch(str(path))
    first = watch.current()
    write(path, text.replace("How can I help you today?", "What can I do for you?"), 2)
    second = watch.current()
    assert "What can I do for you?" in second.greeting
    assert watch.current() is second
    write(path, text.replace('type = "phone"', 'type = "fone"'), 3)
    assert watch.current() is second
    assert watch.current() is second
    path.unlink()
    assert watch.current() is second
    write(path, text, 4)
    assert watch.current() == first
    assert told.changed == [second, first]
    assert [error.key for error in told.refused] == ["slots[2].type", "PLAYBOOK"]


def test_a_shipped_playbook_does_not_change() -> None:
    told = Told()
    watch = told.watch("receptionist-en")
    assert watch.current() is watch.current()
    assert not told.changed + told.refused


def test_the_first_playbook_must_be_whole(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Told().watch(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("template", shipped_playbooks())
def test_a_draft_is_the_template_with_a_comment_at_every_key(template: str) -> None:
    text = draft("mine", "", template)
    assert parse_playbook(text, "mine").name == "mine"
    top = text.partition("[[slots]]")[0].splitlines()
    keys = [at for at, line in enumerate(top) if line[:1].isalpha()]
    assert len(keys) >= 7
    assert all(top[at - 1].startswith("# ") for at in keys)


def test_playbook_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    assert run(main, ["playbook", "new", "a.toml", "--from", "realestate-he"]).exit_code == 0
    assert "a, he-IL; finds out deal (choice)" in run(main, ["playbook", "check", "a.toml"]).output
    again = run(main, ["playbook", "new", "a.toml"])
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    other = run(main, ["playbook", "new", "b.toml", "--language", "en-GB", "--from", "receptionist-he"])
    assert (other.exit_code, "--from receptionist-en" in other.stderr) == (2, True)
    Path("a.toml").write_text(Path("a.toml").read_text("utf-8").replace('"בית פרטי" = ["בית"', '"בית פרטיי" = ["בית"'))
    wrong = run(main, ["playbook", "check", "a.toml"])
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("agentd: a.toml: slots[1].also:")
    assert "did you mean בית פרטי?" in wrong.stderr
    listed = run(main, ["playbook", "list"]).output
    assert all(name in listed for name in shipped_playbooks())
