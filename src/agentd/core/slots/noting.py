"""`slots.note`: what a model says it has understood, read as strictly as what a caller says.

A model writes as it likes ("שני מיליון וחצי", "2.5 million", "2026-11-24T10:00"), so its text goes through the readers
of the slots; beside words, our own data is taken as docs/playbooks.md has it.
"""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

from agentd.core.per_playbook import PerPlaybook
from agentd.core.playbook import Playbook, Slot
from agentd.core.slots.readers import READERS, Ask, Found
from agentd.core.slots.readers.when import ANY, When, say
from agentd.core.speech import ToolOffer

NOTE = "slots.note"
_ISO = re.compile(r"^(?P<day>\d{4}-\d\d-\d\d|any)?(?:[ T]?(?P<at>\d\d:\d\d)(?::\d\d)?| ?(?P<part>[a-z]+))?$")
_TIMING = re.compile(
    r"^(?:now|flexible|summer|holidays|end of year|half a (?:month|year)|month \d\d?|\d+ (?:week|month|year)s?)$"
)
_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_WANTED = {
    "phone": "a telephone number, all digits",
    "date": 'a day and an hour, such as "2026-11-24 10:00"',
    "money": 'an amount, such as "2500000"',
    "timing": 'roughly when, such as "now", "3 months" or "flexible"',
    "number": "a number",
    "name": "a person's name",
    "yes-no": '"yes" or "no"',
}


def note_offer(playbook: Playbook) -> ToolOffer:
    """`slots.note` as a model is shown it: the same object for all calls of a playbook."""
    return _offers(playbook)


def _offer(playbook: Playbook) -> ToolOffer:
    slots = {slot.name: {"type": "string", "description": _described(slot)} for slot in playbook.slots}
    return ToolOffer(
        NOTE,
        "Note what the caller has just said of these, in the same reply as your words. Only what is new or corrected.",
        {
            "type": "object",
            "properties": {"slots": {"type": "object", "properties": slots, "additionalProperties": False}},
            "required": ["slots"],
            "additionalProperties": False,
        },
    )


_offers = PerPlaybook(_offer)


def read_note(text: str, ask: Ask) -> Found | None:
    """What a model wrote for a slot; None when it cannot be read as one."""
    slot, text = ask.slot, text.strip()
    if not text:
        return None
    if slot.type == "text":
        return Found(text[:200])
    if slot.type == "date" and (when := _when(text)):
        return Found(say(when, ask), whole=when.whole, known=when)
    if slot.type == "timing" and _TIMING.match(text.lower()):
        return Found(text, known=text.lower())
    if slot.type == "yes-no" and text.lower() in _YES_NO:
        return Found(_YES_NO[text.lower()])
    if slot.type in ("money", "area") and text.lower() == "flexible":
        return Found(text, known="flexible")
    return READERS[slot.type](text, ask)


def trouble(slot: Slot, found: Found | None) -> str:
    """What the model should know of its note; "" when all is well."""
    if found is None:
        wanted = _WANTED.get(slot.type) or f"one of: {', '.join(slot.choices)}"
        return f"not understood; write {wanted}, or ask the caller"
    if not found.whole:
        return f"only part of it: {found.value}; ask for the rest"
    if slot.confirm or not found.sure:
        return f"read it back and ask whether it is right: {found.value}"
    return ""


def problems(values: dict[str, Any], playbook: Playbook) -> dict[str, str]:
    """What cannot be noted at all, by name."""
    names = [slot.name for slot in playbook.slots]
    found = {name: f"there is no such slot; there are {', '.join(names)}" for name in values if name not in names}
    return found | {n: "write it as text" for n, v in values.items() if n in names and not isinstance(v, str)}


def _described(slot: Slot) -> str:
    if slot.choices:
        return ("such as: " if slot.type == "area" else "one of: ") + ", ".join(slot.choices[:12])
    return _WANTED.get(slot.type, "in a few words")


def _when(text: str) -> When | None:
    match = _ISO.match(text)
    if match is None or not text:
        return None
    try:
        day = date.fromisoformat(match["day"]) if match["day"] not in (None, ANY) else None
        at = time.fromisoformat(match["at"]) if match["at"] else None
    except ValueError:
        return None
    part = match["part"] or ""
    if part not in ("", ANY, "morning", "noon", "afternoon", "evening"):
        return None
    any_day = match["day"] == ANY
    return When(day, at, part or (ANY if any_day and at is None else ""), any_day and bool(part or at))
