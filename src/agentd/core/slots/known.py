"""What a call knows of its caller, for everybody who is no reader: the governor, events, tools, guards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentd.core.slots.readers.base import canonical
from agentd.core.slots.readers.when import ANY
from agentd.core.slots.replay import Dialogue
from agentd.core.windows import Wish

QUIET = ("wait", "goodbye")  # a caller who said so is asked nothing


@dataclass(frozen=True, slots=True)
class Known:
    """`values`: {slot: value as data} (docs/playbooks.md); `said`: the same as the agent would say it. A slot of
    `unsure` waits for the caller's yes and has no value yet. `missing`: required slots without a value, in order, and
    among them those that the caller was asked for in vain.

    `question`: what is to be asked next, "" for nothing: a value that waits for a yes, or the next slot. What was
    refused, or not understood after three times, is not asked for again.

    `not_understood`: lines of the caller's that said nothing to us, in all; `in_a_row`: up to the last one.
    `wish`: when the caller would like to meet, as far as they said. `closed`: they have heard the closing.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    question: str = ""
    not_understood: int = 0
    in_a_row: int = 0
    asked_for_human: bool = False
    wish: Wish = field(default_factory=Wish)
    closed: bool = False


def known_of(dialogue: Dialogue) -> Known:
    """What there is to know of a conversation."""
    doubt = () if dialogue.doubt is None else (dialogue.doubt[0].name,)
    return Known(
        values={name: canonical(found) for name, found in dialogue.values.items()},
        said={name: found.value for name, found in dialogue.values.items()},
        unsure=(*doubt, *dialogue.waiting),
        missing=tuple(s.name for s in dialogue.playbook.slots if s.required and s.name not in dialogue.values),
        question="" if dialogue.said in QUIET else _question(dialogue),
        not_understood=dialogue.missed,
        in_a_row=dialogue.missed_in_a_row,
        asked_for_human=dialogue.asked_for_human,
        wish=wish_of(dialogue),
        closed=dialogue.closed,
    )


def _question(dialogue: Dialogue) -> str:
    if dialogue.doubt is not None:
        variants = dialogue.speech.confirm
        return variants[dialogue.lines % len(variants)].format(value=dialogue.doubt[1].value)
    missing = (s for s in dialogue.playbook.slots if s.required and s.name not in dialogue.values)
    return next((slot.question for slot in missing if slot.name not in dialogue.skipped), "")


def wish_of(dialogue: Dialogue) -> Wish:
    """The last day and time that the caller named for a meeting: in a slot of type "date", or in passing."""
    when = dialogue.meeting.wish
    return Wish(when.day, when.at, "" if when.part == ANY else when.part)
