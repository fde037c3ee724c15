"""The sentences of the rules brain, by language; what it says beside them is the playbook's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentences:
    """What the agent says. Tuples are variants, taken in turn. `{...}` as named in `replies`."""

    acks: tuple[str, ...]
    thanks_name: tuple[str, ...]
    noted: tuple[str, ...]  # {value}, after a correction
    more_digits: tuple[str, ...]  # {digits}
    what_time: tuple[str, ...]  # {day}
    which_day: tuple[str, ...]  # {time}
    skip: tuple[str, ...]
    change_what: tuple[str, ...]
    anything_else: tuple[str, ...]
    summary: str  # {items}
    otherwise: Mapping[str, tuple[str, ...]]  # slot type -> the question in other words; {question}, {choices}
    one_of: str  # between the last two choices
    small_talk: Mapping[str, tuple[str, ...]]  # intent -> answer
