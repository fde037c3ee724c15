"""The language model `rules`: no model at all.

It reads the playbook and the messages, follows them (`agentd.core.slots`), and says what comes next (`replies`), word
by word. Deterministic: the same prompt on the same day gives the same reply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import date, datetime

import trio

from agentd.core.playbook import Playbook
from agentd.core.slots import Tracker
from agentd.core.slots.language import language_of
from agentd.core.slots.readers import ORDER, READERS, Ask
from agentd.core.slots.readers.base import canonical
from agentd.core.slots.words import clean, words
from agentd.engines import Prompt, Token, ToolCall
from agentd_local.rules.booking import Step
from agentd_local.rules.replies import reply

CALLS = 200  # whose trackers are kept; a call that is not among them is followed anew from its first line


class RulesLLM:
    """`clock` says what day it is, for "tomorrow". Trackers only save time: a prompt is answered from what is in it."""

    def __init__(self, clock: Callable[[], datetime] = datetime.now) -> None:
        self._clock = clock
        self._trackers: dict[str, tuple[Playbook, date, Tracker]] = {}

    @trio.as_safe_channel
    async def reply(self, prompt: Prompt) -> AsyncGenerator[Token | ToolCall, None]:
        """The next line, one word a token, then the tools it needs. Raises nothing. Cancel: at any word."""
        step = next_step(prompt, self._clock().date(), self._tracker(prompt))
        for at, word in enumerate(step.text.split()):
            yield Token(word if at == 0 else f" {word}")
        for call in step.tool_calls(len(prompt.messages)):
            yield call

    def known(self, prompt: Prompt) -> dict[str, str]:
        """What is known after these messages, as data (`Known.values`)."""
        return dict(Tracker(prompt.playbook, self._clock().date()).understand(prompt.messages).values)

    def read_back(self, playbook: Playbook, text: str) -> dict[str, str]:
        """What the words of any agent say back of the slots, line by line; the last time counts. Names and free text
        cannot be told from other words and are not read."""
        speech, region = language_of(playbook)
        found: dict[str, str] = {}
        for line in text.splitlines():
            rest = clean(line)
            for slot in sorted(playbook.slots, key=lambda slot: ORDER.index(slot.type)):
                if slot.type in ("name", "text", "yes-no") or not words(rest):
                    continue
                said = READERS[slot.type](rest, Ask(slot, False, speech, region, self._clock().date()))
                if said is not None and said.whole:
                    found[slot.name], rest = canonical(said), said.rest
        return found

    def _tracker(self, prompt: Prompt) -> Tracker:
        today = self._clock().date()
        playbook, day, tracker = self._trackers.pop(prompt.call_id, (None, None, None))
        if tracker is None or playbook is not prompt.playbook or day != today:
            tracker = Tracker(prompt.playbook, today)
        self._trackers[prompt.call_id] = (prompt.playbook, today, tracker)
        while len(self._trackers) > CALLS:
            del self._trackers[next(iter(self._trackers))]
        return tracker


def answer(prompt: Prompt, today: date, tracker: Tracker | None = None) -> str:
    """The reply to a prompt; pure but for what the tracker remembers."""
    return next_step(prompt, today, tracker).text


def next_step(prompt: Prompt, today: date, tracker: Tracker | None = None) -> Step:
    """The same, with the tools that are to be called."""
    tracker = tracker or Tracker(prompt.playbook, today)
    tracker.understand(prompt.messages)
    return reply(tracker.dialogue, prompt.max_words, {offer.name for offer in prompt.tools})
