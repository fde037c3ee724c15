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
    windows: tuple[str, ...]  # {windows}
    window: tuple[str, ...]  # {window}; a question to which yes books it
    not_free: tuple[str, ...]  # the time that was wished
    taken: tuple[str, ...]  # the time that was chosen, a moment ago
    other_time: tuple[str, ...]  # a question
    cannot_book: tuple[str, ...]
    cannot_move: tuple[str, ...]  # what is booked
    sent: tuple[str, ...]
    not_sent: tuple[str, ...]
    message: str  # {meeting}; what is sent
    message_at: str  # {meeting}, {place}
    phrases: Mapping[str, tuple[str, ...]]  # for a playbook that has none of its own: "no-time", "booked", ...
    today: str
    tomorrow: str
    on: str  # before any other day
