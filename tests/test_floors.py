"""The house has floors, and imports go downwards only (docs/architecture.md). Walks the syntax tree of every file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import agentd

ROOT = Path(agentd.__file__).parent
FLOORS: dict[str, int] = {
    # 0 words
    "__init__": 0, "events": 0, "errors": 0, "config": 0, "config_rules": 0, "config_values": 0, "audio": 0,
    "config_allowed": 0, "sd_notify": 0, "events_beside": 0, "imports": 0, "memory": 0,
    # 1 core
    "core": 1,
    # 2 ports
    "engines": 2, "media": 2, "facts": 2, "hookspecs": 2, "storage": 2, "tools": 2, "office": 2, "ledger": 2,
    "back_office": 2,
    # 3 call
    "call": 3,
    # 4 house
    "resilience": 4, "agents": 4, "telemetry": 4, "web": 4, "plugins": 4, "plugin_discovery": 4, "store": 4,
    # 5 door
    "daemon": 5, "switchboard": 5, "cli": 5, "commands": 5, "simulator": 5, "demo": 5, "evals": 5, "__main__": 5,
    "jobs": 5,
    # 6
    "testing": 6,
}  # fmt: skip
PURE_BANS = {"trio", "anyio", "asyncio", "time", "random", "threading", "socket", "logging"}


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, only for the type checker) for every import of a file, wherever in it."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in typing_only
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module, id(node) in typing_only
            if node.module == "agentd":
                for alias in node.names:
                    yield f"agentd.{alias.name}", id(node) in typing_only


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_from_its_own_floor_or_below(path: Path) -> None:
    floor = FLOORS[place(path)]
    for module, typing_only in imports(path):
        parts = module.split(".")
        if parts[0] != "agentd" or len(parts) == 1 or typing_only:
            continue
        target = parts[1]
        if target in FLOORS:
            assert FLOORS[target] <= floor, f"{path.relative_to(ROOT)} (floor {floor}) imports {module}"


@pytest.mark.parametrize("path", sorted((ROOT / "core").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_reads_no_clock_and_does_no_io(path: Path) -> None:
    used = {module.split(".")[0] for module, _ in imports(path)}
    assert not used & PURE_BANS


def test_only_streams_starts_threads() -> None:
    guilty = []
    for path in files():
        text = path.read_text()
        if (
            ("to_thread" in text or "threading.Thread" in text)
            and path.name != "streams.py"
            and place(path) != "testing"
        ):
            guilty.append(str(path.relative_to(ROOT)))
    assert guilty == []


def test_plugins_import_agentd_and_in_their_tests_its_testing_only() -> None:
    root = ROOT.parents[1] / "plugins"
    sources = sorted(root.glob("*/src/**/*.py"))
    assert sources
    for path in sources:
        others = {p.name.replace("-", "_") for p in root.iterdir()} - {path.relative_to(root).parts[2]}
        for module, _ in imports(path):
            assert module.split(".")[0] not in others, f"{path} imports {module}"
            if path.relative_to(root).parts[0] != "agentd-scripted":  # it registers what agentd.testing brings
                assert not module.startswith("agentd.testing"), f"{path} imports {module}"


def test_source_files_stay_under_four_hundred_lines() -> None:
    long = {str(p.relative_to(ROOT)): n for p in files() if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}
