"""The language model `rules`: no model at all.

It reads the playbook and the messages, replays them (`dialogue`), and says what comes next (`replies`), word by word.
Deterministic: the same prompt on the same day gives the same reply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import date, datetime

import trio

from agentd.core.playbook import Playbook
from agentd.engines import Prompt, Token
from agentd_local.rules.dialogue import ORDER, Dialogue
from agentd_local.rules.english import ENGLISH
from agentd_local.rules.hebrew import HEBREW
from agentd_local.rules.replies import reply
from agentd_local.rules.slots import READERS, Ask
from agentd_local.rules.slots.base import canonical
from agentd_local.rules.speech import Speech
from agentd_local.rules.words import clean, words

_REGIONS = {"he": "IL", "iw": "IL", "en": "US"}


class RulesLLM:
    """`clock` says what day it is, for "tomorrow"."""

    def __init__(self, clock: Callable[[], datetime] = datetime.now) -> None:
        self._clock = clock

    @trio.as_safe_channel
    async def reply(self, prompt: Prompt) -> AsyncGenerator[Token, None]:
        """The next line, one word a token. Raises nothing. Cancel: at any word."""
        text = answer(prompt, self._clock().date())
        for at, word in enumerate(text.split()):
            yield Token(word if at == 0 else f" {word}")

    def known(self, prompt: Prompt) -> dict[str, str]:
        """What is known after these messages, as data (`Dialogue.known`)."""
        return replayed(prompt, self._clock().date()).known()

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


def answer(prompt: Prompt, today: date) -> str:
    """The reply to a prompt; pure."""
    return reply(replayed(prompt, today), prompt.max_words)


def replayed(prompt: Prompt, today: date) -> Dialogue:
    """The conversation so far."""
    speech, region = language_of(prompt.playbook)
    dialogue = Dialogue(prompt.playbook, speech, region, today)
    for message in prompt.messages:
        if message.role == "agent":
            dialogue.agent(message.text)
        elif message.role == "caller":
            dialogue.caller(message.text)
    return dialogue


def language_of(playbook: Playbook) -> tuple[Speech, str]:
    """(the language's words, the region): "he-IL"."""
    language, _, region = playbook.language.partition("-")
    return HEBREW if language in ("he", "iw") else ENGLISH, region or _REGIONS.get(language, "US")
