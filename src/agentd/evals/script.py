"""A scripted dialogue from YAML: what the caller says, when, and what must come of it. docs/playbooks.md has the keys.

name: a budget in one breath
playbook: realestate-he
about: [correction]
caller:
  - שלום, אני מחפש דירה          # said in this order
  - area: בגבעתיים               # said when the agent has just asked for that slot
  - phone: [(unclear), 0501234567]   # the first time, the second time
  - confirm: כן                  # said when something is read back for a yes
  - windows: השני                # said when times to meet are offered; the first one without this
  - another: ביום חמישי          # said when it is asked for another time
  - whatsapp: כן                 # said when a confirmation is offered
  - closing: רגע, טעיתי בשם      # said after the closing
expect:
  slots: {area: גבעתיים, phone: "0501234567"}
  never: [מיליון]
  tools: [calendar.find_slots, calendar.create]
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml

from agentd.errors import ConfigError

CONFIRM, CLOSING = "confirm", "closing"  # moments that are no slot
WINDOWS, ANOTHER, WHATSAPP = "windows", "another", "whatsapp"  # those of arranging a meeting
MOMENTS = (CONFIRM, CLOSING, WINDOWS, ANOTHER, WHATSAPP)
_SHIPPED = resources.files("agentd.evals") / "dialogues"


@dataclass(frozen=True, slots=True)
class Expect:
    """`slots`: values as data (`judging.matches`). `says`, `never`: patterns that some reply, or no reply, must hold.
    `closes`: the closing must be heard within `max_turns` turns of the caller. `tools`: those that must have been used,
    in this order, and no other that has an effect; None: the agent has none in this dialogue."""

    slots: dict[str, str] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    closes: bool = True
    max_turns: int = 14
    tools: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """`lines`: said in order; `answers`: by what has just been asked, the first time, the second time, ..."""

    name: str
    playbook: str
    where: str
    lines: tuple[str, ...]
    answers: dict[str, tuple[str, ...]]
    expect: Expect
    about: tuple[str, ...] = ()


class _Raw(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    playbook: str
    caller: list[str | dict[str, str | list[str]]]
    expect: Expect
    about: list[str] = []


def shipped_scripts() -> list[Script]:
    """All dialogues of this package."""
    files = sorted((each for each in _SHIPPED.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name)
    return [script for each in files for script in parse_scripts(each.read_text("utf-8"), each.name)]


def load_scripts(paths: Iterable[Path]) -> list[Script]:
    """The dialogues of these files. Raises `ConfigError`."""
    found: list[Script] = []
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(str(path), "file", str(error), "give the path of a YAML file in UTF-8") from None
        found += parse_scripts(text, str(path))
    return found


def parse_scripts(text: str, where: str) -> list[Script]:
    """One dialogue for each document of the YAML. Raises `ConfigError` with file, key and cure."""
    try:
        documents = [document for document in yaml.load_all(text, _Strings) if document is not None]
    except yaml.YAMLError as error:
        raise ConfigError(where, "syntax", " ".join(str(error).split()), "put quotes around what has a colon") from None
    return [_script(document, f"{where}#{at}", where) for at, document in enumerate(documents, 1)]


class _Strings(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML brings no types
    """Scalars stay text: 0501234567 is a phone number, and "no" is what somebody said."""


_Strings.yaml_implicit_resolvers = {}


def _script(document: Any, here: str, where: str) -> Script:
    try:
        raw = msgspec.convert(document, _Raw, strict=False)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        key = path.strip("`").removeprefix("$").removeprefix(".") or problem.rsplit(" ", 1)[-1].strip("`")
        raise ConfigError(here, key, problem.replace("`", ""), "see docs/playbooks.md for the keys") from None
    for pattern in (*raw.expect.says, *raw.expect.never):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConfigError(here, "expect", f"{pattern!r}: {error}", "write a pattern of Python's re") from None
    lines = tuple(line for line in raw.caller if isinstance(line, str))
    answers: dict[str, tuple[str, ...]] = {}
    for line in raw.caller:
        if isinstance(line, dict):
            for asked, said in line.items():
                answers[asked] = (*answers.get(asked, ()), *([said] if isinstance(said, str) else said))
    if not lines and not answers:
        raise ConfigError(here, "caller", "says nothing", "write at least one line")
    return Script(raw.name, raw.playbook, where, lines, answers, raw.expect, tuple(raw.about))
