"""What is known in one call, kept up with its history: each turn costs its new lines only.

A history is not only added to. A late final says the caller's last words better, a caller who goes on takes a line
back, the oldest entries of a very long call go. So the tracker keeps the state after each of the last lines and goes on
from the last one that still holds. What a model noted stays with the line of the caller's that it was noted at: it is
merged again whenever that line is replayed, and goes when the line goes, or turns out to have said something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agentd.core.playbook import Playbook
from agentd.core.slots.known import Known, known_of
from agentd.core.slots.language import language_of
from agentd.core.slots.noting import problems, read_note, trouble
from agentd.core.slots.readers import Ask
from agentd.core.slots.replay import Dialogue
from agentd.core.slots.words import plain
from agentd.core.speech import Message

KEPT = 8  # states: a correction or a line taken back is among the last two or three


@dataclass(frozen=True, slots=True)
class _Note:
    """`line`: the caller's words it belongs to, `plain`."""

    line: str
    slots: Mapping[str, str]


class Tracker:
    """One call. `today`: the caller's date when it began, for "tomorrow"."""

    def __init__(self, playbook: Playbook, today: date) -> None:
        self._playbook = playbook
        self._speech, self._region = language_of(playbook)
        self._blank = Dialogue(playbook, self._speech, self._region, today)
        self._messages: Sequence[Message] = ()
        self._states: dict[int, Dialogue] = {0: self._blank}  # by the number of messages replayed
        self._notes: dict[int, list[_Note]] = {}  # by the place of the caller's line; only where there are any
        self._dialogue = self._blank
        self._known = self._blank, known_of(self._blank)

    @property
    def dialogue(self) -> Dialogue:
        """The state after the messages understood last, to be looked at only."""
        return self._dialogue

    def understand(self, messages: Sequence[Message]) -> Known:
        """What is known after these messages, which are the conversation as heard so far."""
        self._forget_the_oldest(messages)
        same = _common(self._messages, messages)
        start = max((n for n in self._states if n <= same), default=-1)
        if start < 0:  # changed further back than is kept
            start, self._states = 0, {0: self._blank}
        self._states = {n: state for n, state in self._states.items() if n <= start}
        self._dialogue = self._states[start]
        for place in range(start, len(messages)):
            self._dialogue = self._dialogue.copy()
            self._replay(place, messages[place])
            self._states[place + 1] = self._dialogue
        self._messages = tuple(messages)
        self._notes = {n: notes for n, notes in self._notes.items() if n < len(messages)}
        for old in sorted(self._states)[:-KEPT]:
            del self._states[old]
        return self.known()

    def note(self, slots: Mapping[str, Any]) -> dict[str, str]:
        """Merge a model's own account of the caller's last line. {slot: a sentence for the model} of what could not be
        read, or is to be confirmed; {} when all is well."""
        found = problems(dict(slots), self._playbook)
        good = {name: text for name, text in slots.items() if name not in found}
        place = next((n for n in reversed(range(len(self._messages))) if self._messages[n].role == "caller"), None)
        self._dialogue = self._dialogue.copy()
        found |= self._merge(good)
        if place is not None and good:
            self._notes.setdefault(place, []).append(_Note(plain(self._messages[place].text), good))
            self._states = {n: state for n, state in self._states.items() if n <= place}
        self._states[len(self._messages)] = self._dialogue
        return found

    def known(self) -> Known:
        """After the last `understand` and `note`. A turn asks more than once for the same state."""
        if self._known[0] is not self._dialogue:
            self._known = self._dialogue, known_of(self._dialogue)
        return self._known[1]

    def _replay(self, place: int, message: Message) -> None:
        if message.role == "agent":
            self._dialogue.agent(message.text)
        elif message.role == "tool":
            self._dialogue.tool(message)
        elif message.role == "caller":
            self._dialogue.caller(message.text)
            notes = [note for note in self._notes.pop(place, ()) if note.line == plain(message.text)]
            for note in notes:
                self._merge(note.slots)
            if notes:
                self._notes[place] = notes

    def _merge(self, slots: Mapping[str, str]) -> dict[str, str]:
        dialogue, found = self._dialogue, {}
        for slot in self._playbook.slots:
            if slot.name not in slots:
                continue
            part = dialogue.parts.get(slot.name)
            ask = Ask(slot, True, self._speech, self._region, dialogue.today, part.known if part else None)
            read = read_note(slots[slot.name], ask)
            if read is not None:
                dialogue.noted(slot, read)
            if (read is None or slot.name not in dialogue.values) and (told := trouble(slot, read)):
                found[slot.name] = told
        return found

    def _forget_the_oldest(self, messages: Sequence[Message]) -> None:
        """A very long history has lost its first entries: what they said is known, and only the places change."""
        if not messages or not self._messages or messages[0] == self._messages[0]:
            return
        for gone in range(1, len(self._messages)):
            rest = self._messages[gone:]
            if rest[0] == messages[0] and _common(rest, messages) == len(rest):
                self._messages = rest
                self._states = {n - gone: state for n, state in self._states.items() if n >= gone}
                self._notes = {n - gone: notes for n, notes in self._notes.items() if n >= gone}
                return


def _common(one: Sequence[Message], other: Sequence[Message]) -> int:
    """How many messages both begin with. Nearly always those of the shorter one, and as the same objects."""
    n = min(len(one), len(other))
    if tuple(one[:n]) == tuple(other[:n]):
        return n
    n = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        n += 1
    return n
