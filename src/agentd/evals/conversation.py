"""One scripted dialogue, played on the text path: no audio, and a caller who answers what is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date

from agentd.core.governor import Act
from agentd.core.history import History
from agentd.core.playbook import Playbook
from agentd.core.slots import Tracker
from agentd.core.speech import Message, Prompt
from agentd.evals.asked import UNKNOWN, asked, closes
from agentd.evals.script import ANOTHER, CLOSING, CONFIRM, WHATSAPP, WINDOWS, Script

MOST_TURNS = 24  # of the caller: a dialogue that has not closed by then goes in circles
_YES = {"he": "כן", "en": "Yes."}
_FIRST = {"he": "הראשון מתאים", "en": "The first one, please."}
_DONT_KNOW = {"he": "לא יודע.", "en": "I don't know."}

Reply = Callable[[Prompt], Awaitable[tuple[str, tuple[Act, ...]]]]
"""The reply to a prompt as the caller would hear it, and what the governor had to do to it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """`answered`: what the caller's line was an answer to. `asks`: what the reply asks for. `spent`: the caller had
    said all that the script gives for it, and so should not have been asked."""

    caller: str
    answered: str
    agent: str
    asks: str
    spent: bool
    acts: tuple[Act, ...] = ()


@dataclass(slots=True)
class Talk:
    """`turns`: turns of the caller until the closing; 0 when it was never said. `today`: of the caller."""

    script: Script
    playbook: Playbook
    prompts: Callable[[tuple[Message, ...]], Prompt]
    today: date
    exchanges: list[Exchange] = field(default_factory=list)
    history: History = field(default_factory=History)
    turns: int = 0

    def prompt(self) -> Prompt:
        return self.prompts(self.history.messages())


async def converse(talk: Talk, reply: Reply) -> None:
    """Play the script to its end. What the engine raises goes through."""
    caller = _Caller(talk.script, talk.playbook)
    tracker = Tracker(talk.playbook, talk.today)
    agent = talk.playbook.greeting
    talk.history.agent(0, agent, cut=False)
    asks = _asks(agent, talk.playbook, "", "")
    for turn in range(1, MOST_TURNS + 1):
        line = caller.line(asks)
        if line is None:
            return
        talk.history.caller(turn, line)
        agent, acts = await reply(talk.prompt())
        talk.history.agent(turn, agent, cut=False)
        tracker.understand(talk.history.messages())
        before = asks
        asks = _about_a_meeting(agent, tracker) or _asks(agent, talk.playbook, asks, caller.last)
        talk.exchanges.append(Exchange(line, before, agent, asks, caller.spent(asks), acts))
        if not talk.turns and closes(agent, talk.playbook):
            talk.turns = turn


def _about_a_meeting(agent: str, tracker: Tracker) -> str:
    """Which moment of arranging a meeting a question of the agent's is."""
    meeting = tracker.dialogue.meeting
    if "?" not in agent:
        return ""
    if meeting.offered and meeting.chosen is None:
        return WINDOWS
    return ANOTHER if meeting.asking else WHATSAPP if meeting.whatsapp == "offered" else ""


def _asks(agent: str, playbook: Playbook, before: str, slot: str) -> str:
    """What is open after a reply: its own question, else the one before; a question of unknown kind ("What should it
    be?") is for the slot that was spoken of."""
    now = asked(agent, playbook)
    if now == UNKNOWN:
        return slot if before in (CONFIRM, CLOSING) else before
    return now or before


class _Caller:
    def __init__(self, script: Script, playbook: Playbook) -> None:
        self._lines = list(script.lines)
        self._answers = {asked: list(said) for asked, said in script.answers.items()}
        self._said: dict[str, str] = {}
        self._opening = bool(self._lines)
        self._slots = {slot.name for slot in playbook.slots}
        language = "he" if playbook.language[:2] in ("he", "iw") else "en"
        self._yes, self._dont_know, self._first = _YES[language], _DONT_KNOW[language], _FIRST[language]
        self.last = ""  # the slot that was answered last

    def line(self, asks: str) -> str | None:
        """What the caller says now; None when there is nothing more to say."""
        if self._opening:
            self._opening = False
            return self._lines.pop(0)
        if asks in self._slots:
            self.last = asks
        if self._answers.get(asks):
            self._said[asks] = self._answers[asks].pop(0)
            return self._said[asks]
        if self._lines:
            return self._lines.pop(0)
        if asks == CLOSING:
            return None
        if asks in (CONFIRM, WHATSAPP):
            return self._yes
        if asks == WINDOWS:
            return self._first
        return self._said.get(asks, self._dont_know)

    def spent(self, asks: str) -> bool:
        """Whether the script has nothing more for a slot."""
        return asks in self._slots and not self._answers.get(asks) and not self._lines
