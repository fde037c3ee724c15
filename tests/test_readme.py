"""The README names every command and every make target, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from agentd.cli import COMMANDS

HERE = Path(__file__).parents[1]
README = (HERE / "README.md").read_text("utf-8")


def test_the_table_of_commands_has_every_one_and_no_other() -> None:
    assert set(re.findall(r"^\| `agentd (\w+)", README, re.MULTILINE)) == set(COMMANDS)


def test_the_make_targets_that_it_names_are_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (HERE / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", README.replace("make (`", "")))
    other = re.search(r"^Other targets: (.*)\.$", README, re.MULTILINE)
    assert other is not None
    named |= set(re.findall(r"[a-z-]+", other[1].replace("make ", "")))
    assert named <= targets
    assert named >= targets - {"help"}


def test_the_files_that_it_points_to_are_there() -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r"`((?:src|systemd)/[^`*]+)`", README):
        assert (HERE / path).exists(), path
