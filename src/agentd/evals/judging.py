"""Which slots were filled, and rightly.

A brain that knows what it knows (the rules brain) is asked. A language model is not: what it noted (`slots.note`) and
what it says back, read by our readers, is what it knows. Free text that it did neither with is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Protocol, runtime_checkable

from agentd.core.playbook import Playbook, Slot
from agentd.core.speech import Prompt
from agentd.evals.conversation import Talk

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANYTHING = "*"


@runtime_checkable
class SlotReader(Protocol):
    """A brain that can say what it knows, as data: {slot: value}."""

    def known(self, prompt: Prompt) -> Mapping[str, str]:
        """What is known after these messages."""

    def read_back(self, playbook: Playbook, text: str) -> Mapping[str, str]:
        """What an agent's words say back of a playbook's slots."""


def judge(
    talk: Talk, brain: object, reader: SlotReader, today: date, noted: Mapping[str, str] | None = None
) -> dict[str, tuple[str, str, bool]]:
    """{slot: (wanted, got, right)} for every slot that the script expects and that can be judged. `noted`: what a model
    has noted of the slots."""
    slots = {slot.name: slot for slot in talk.playbook.slots}
    spoken = "\n".join(each.agent for each in talk.exchanges)
    own = isinstance(brain, SlotReader)
    got = brain.known(talk.prompt()) if isinstance(brain, SlotReader) else reader.read_back(talk.playbook, spoken)
    got = {**got, **(noted or {})}
    found: dict[str, tuple[str, str, bool]] = {}
    for name, wanted in talk.script.expect.slots.items():
        slot = slots[name]
        if not own and slot.type == "text" and name not in got:
            continue
        value = got.get(name, "")
        if not own and name not in got and slot.type in ("name", "timing") and wanted.lower() in spoken.lower():
            value = wanted
        found[name] = (wanted, value, matches(slot, wanted, value, today))
    return found


def matches(slot: Slot, wanted: str, got: str, today: date) -> bool:
    """Whether a value is the one that is wanted. Dates are wanted as "+1 10:00", "tue morning", "any morning" or "any";
    free text by a part of it, or "*" for anything at all."""
    if not got:
        return False
    if wanted == ANYTHING:
        return True
    if slot.type == "date":
        return _date_matches(wanted, got, today)
    if slot.type == "phone":
        return re.sub(r"\D", "", got) == re.sub(r"\D", "", wanted)
    if slot.type == "text":
        return wanted.lower() in got.lower()
    if slot.type == "area":
        return {part.strip().lower() for part in got.split(",")} == {part.strip().lower() for part in wanted.split(",")}
    return got.strip().lower() == wanted.strip().lower()


def _date_matches(wanted: str, got: str, today: date) -> bool:
    if wanted.startswith("any") or got.startswith("any"):
        return wanted == got
    day, _, at = wanted.partition(" ")
    said, _, when = got.partition(" ")
    try:
        there = date.fromisoformat(said)
    except ValueError:
        return False
    if day.startswith("+"):
        right = there == today + timedelta(int(day[1:]))
    elif day in _WEEKDAYS:
        right = there.weekday() == _WEEKDAYS.index(day) and today < there <= today + timedelta(14)
    else:
        right = said.endswith(day)  # "12-24", or the whole date
    return right and (not at or at == when)
