"""The conversation as it was heard: what the caller said, as it was understood, and of our words only what was played.

A reply that was cut appears as far as the caller heard it; one that nobody heard does not appear at all. A tool call
appears with its result, in one entry, when it is over; what it did stays, whatever became of the turn that asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agentd.core.speech import Message, ToolCall

MAX_ENTRIES = 200  # a 30-minute call has about 120; older ones go first


@dataclass(frozen=True, slots=True)
class Entry:
    """`turn` is the number of the turn of ours that answered, spoke, or asked the tool."""

    turn: int
    role: str  # "caller", "agent" or "tool"
    text: str
    cut: bool = False
    call: ToolCall | None = None  # of a tool; `text` is its result
    message: Message = field(init=False, repr=False, compare=False)  # for a prompt: the same object each time

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", Message(self.role, self.text + (" —" if self.cut else ""), self.call))


class History:
    def __init__(self, entries: tuple[Entry, ...] = ()) -> None:
        self._entries = list(entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries)

    def caller(self, turn: int, text: str) -> None:
        self._add(Entry(turn, "caller", text))

    def agent(self, turn: int, text: str, *, cut: bool) -> None:
        if text:
            self._add(Entry(turn, "agent", text, cut))

    def tool(self, turn: int, call: ToolCall, result: str) -> Message:
        """A tool call is over: both halves at once."""
        self._add(Entry(turn, "tool", result, call=call))
        return Message("tool", result, call)

    def last(self, calls: Sequence[ToolCall]) -> None:
        """Tools did this while others spoke, and it is to be told now: to a model it is the news."""
        self._entries.sort(key=lambda e: any(e.call is call for call in calls))

    def asked_again(self, call: ToolCall) -> bool:
        """The same was asked for once more, later: whoever did has its result."""
        same = [
            e.call for e in self._entries if e.call and (e.call.name, e.call.arguments) == (call.name, call.arguments)
        ]
        return bool(same) and same[-1] is not call

    def results(self) -> tuple[str, ...]:
        """What tools have returned in this call, as text."""
        return tuple(e.text for e in self._entries if e.role == "tool")

    def take_back(self, turn: int) -> None:
        """The caller went on before we answered: that turn's text will come again, longer."""
        self._entries = [e for e in self._entries if not (e.turn == turn and e.role == "caller")]

    def correct_last(self, text: str) -> bool:
        """A late final says the caller's last words better. False if there are none."""
        for i, e in reversed(list(enumerate(self._entries))):
            if e.role == "caller":
                self._entries[i] = replace(e, text=text)
                return True
        return False

    def last_caller(self) -> int:
        """The turn that answered the caller's last words; 0 if they have said none."""
        return next((e.turn for e in reversed(self._entries) if e.role == "caller"), 0)

    def last_agent(self) -> str:
        return next((e.text for e in reversed(self._entries) if e.role == "agent"), "")

    def messages(self, then: str | None = None) -> tuple[Message, ...]:
        """For a prompt; `then` is what the caller has just said, not (yet) part of the history."""
        said = [entry.message for entry in self._entries]
        if then is not None:
            said.append(Message("caller", then))
        return tuple(said)

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)
        del self._entries[:-MAX_ENTRIES]
