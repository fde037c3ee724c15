"""Playbooks from TOML: the shipped ones by name, an operator's own by path, checked before a call needs them.

Whatever is wrong is a `ConfigError` that names the file, the key and the cure; a playbook that loads is whole.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from agentd.agents.playbook_business import check_business
from agentd.core.playbook import Meetings, Playbook, Slot, Workflow
from agentd.errors import ConfigError

SLOT_TYPES = ("text", "name", "phone", "date", "timing", "number", "money", "choice", "area", "yes-no")
CHOOSING = ("choice", "area")  # types that have `choices`
PHRASE_KEYS = (
    "filler", "again", "go-on", "silent-1", "silent-2", "goodbye", "busy", "trouble", "time-warning", "resume",
)  # fmt: skip
OPTIONAL_PHRASES = (
    "not-known", "once-more", "offer", "no-time", "booked", "whatsapp-offer", "approval", "handover", "voicemail",
    "thanks", "consent",
)  # fmt: skip
TYPO = 0.8  # alike enough to a key of ours to be meant for it
VARIANTS = 2  # SPEC 6.1: the same words twice in a row sound like a machine
_DEFAULTS = {"he": "receptionist-he", "iw": "receptionist-he", "en": "receptionist-en"}
_SHIPPED = resources.files("agentd.agents") / "playbooks"


def shipped_playbooks() -> tuple[str, ...]:
    """Names that `load_playbook` knows without a path."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in _SHIPPED.iterdir() if entry.name[-5:] == ".toml"))


def default_playbook(language: str) -> str:
    """The name of the shipped playbook for a language ("he-IL"). Raises `ConfigError` when there is none."""
    name = _DEFAULTS.get(language.split("-")[0].lower(), "")
    if not name:
        problem = f"no playbook is shipped for {language}"
        raise ConfigError("settings", "PLAYBOOK", problem, "write one and give its path")
    return name


def load_playbook(name_or_path: str, language: str) -> Playbook:
    """The playbook of that shipped name or at that path (with a `/` or ending in `.toml`).

    "" takes the shipped one of `language` ("he-IL", "en-US"). Raises `ConfigError`.
    """
    wanted = name_or_path.strip() or default_playbook(language)
    if "/" in wanted or wanted.endswith(".toml"):
        return _from_path(Path(wanted).expanduser())
    if wanted not in shipped_playbooks():
        near = difflib.get_close_matches(wanted, shipped_playbooks(), 1)
        names = f"did you mean {near[0]}?" if near else f"shipped are {', '.join(shipped_playbooks())}"
        raise ConfigError("settings", "PLAYBOOK", f"no playbook is called {wanted!r}", f"{names} Or give a path")
    return parse_playbook((_SHIPPED / f"{wanted}.toml").read_text("utf-8"), f"{wanted}.toml")


def parse_playbook(text: str, where: str) -> Playbook:
    """A playbook from TOML text; `where` names the file in errors. Raises `ConfigError`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(where, "syntax", str(error), "see https://toml.io for the format") from None
    _no_strangers(where, "", data, Playbook)
    for key, kind in (("slots", Slot), ("workflows", Workflow)):
        for at, table in enumerate(data.get(key, ()) if isinstance(data.get(key), list) else ()):
            if isinstance(table, dict):
                _no_strangers(where, f"{key}[{at}].", table, kind)
    if isinstance(data.get("meetings"), dict):
        _no_strangers(where, "meetings.", data["meetings"], Meetings)
    try:
        playbook = msgspec.convert(data, Playbook)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        key = path.strip("`").removeprefix("$").removeprefix(".") or problem.rsplit(" ", 1)[-1].strip("`")
        raise ConfigError(where, key, problem.replace("`", ""), "give it a value of that type") from None
    _check(where, playbook)
    return playbook


def _from_path(path: Path) -> Playbook:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(str(path), "PLAYBOOK", error.strerror or str(error), "give the path of a TOML file") from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), "PLAYBOOK", "not UTF-8 text", "save the file as UTF-8") from None
    return parse_playbook(text, str(path))


def _no_strangers(where: str, prefix: str, table: dict[str, Any], kind: type) -> None:
    known = [field.name for field in dataclasses.fields(kind)]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            cure = f"did you mean {near[0]}?" if near else f"known keys are {', '.join(known)}"
            raise ConfigError(where, prefix + key, "unknown key", cure)


def _check(where: str, playbook: Playbook) -> None:
    for key in ("name", "language", "persona"):
        if not getattr(playbook, key).strip():
            raise ConfigError(where, key, "empty", "say it in a few words")
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", playbook.language):
        raise ConfigError(where, "language", f"{playbook.language!r} is no language tag", 'write "he-IL" or "en-US"')
    for key in dict.fromkeys((*PHRASE_KEYS, *playbook.phrases)):
        _check_phrase(where, key, playbook.phrases.get(key, ()))
    if playbook.slots and not playbook.closing.strip():
        raise ConfigError(where, "closing", "empty", "write what is said once every slot is known")
    seen: set[str] = set()
    for at, slot in enumerate(playbook.slots):
        _check_slot(where, f"slots[{at}]", slot, seen)
        seen.add(slot.name)
    for at, pair in enumerate(playbook.examples):
        if not all(part.strip() for part in pair):
            raise ConfigError(where, f"examples[{at}]", "empty line", 'write ["what the caller says", "the answer"]')
    check_business(where, playbook)


def _check_phrase(where: str, key: str, variants: tuple[str, ...]) -> None:
    known = (*PHRASE_KEYS, *OPTIONAL_PHRASES)
    near = difflib.get_close_matches(key, known, 1, TYPO)
    if key not in known and near:  # others may be a plugin's
        raise ConfigError(where, f"phrases.{key}", "unknown key", f"did you mean {near[0]}?")
    variants = tuple(variant for variant in variants if variant.strip())
    if len(variants) < VARIANTS:
        cure = f"give at least {VARIANTS} variants that differ"
        raise ConfigError(where, f"phrases.{key}", f"{len(variants)} variants", cure)
    if len(set(variants)) < len(variants):
        raise ConfigError(where, f"phrases.{key}", "the same variant twice", "say it in other words")


def _check_slot(where: str, key: str, slot: Slot, seen: set[str]) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slot.name):
        raise ConfigError(where, f"{key}.name", repr(slot.name), "use small letters, digits and _")
    if slot.name in seen:
        raise ConfigError(where, f"{key}.name", f"{slot.name!r} twice", "give every slot its own name")
    if slot.type not in SLOT_TYPES:
        raise ConfigError(where, f"{key}.type", f"unknown type {slot.type!r}", f"one of {', '.join(SLOT_TYPES)}")
    if not slot.question.strip():
        raise ConfigError(where, f"{key}.question", "empty", "write the question as the agent says it")
    if slot.type in CHOOSING and len(slot.choices) < 2:
        raise ConfigError(where, f"{key}.choices", "fewer than two", "list what there is to choose from")
    if slot.type not in CHOOSING and slot.choices:
        raise ConfigError(where, f"{key}.choices", f"a {slot.type} slot has none", 'remove them, or type = "choice"')
    for choice in slot.also:
        if choice not in slot.choices:
            near = difflib.get_close_matches(choice, slot.choices, 1)
            cure = f"did you mean {near[0]}?" if near else "write it as it stands in choices"
            raise ConfigError(where, f"{key}.also", f"{choice!r} is not among the choices", cure)
