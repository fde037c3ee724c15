"""The language model `rules`: no model at all.

It reads the playbook and the messages, replays them (`dialogue`), and says what comes next (`replies`), word by word.
Deterministic: the same prompt on the same day gives the same reply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import date, datetime

import trio

from agentd.engines import Prompt, Token
from agentd_local.rules.dialogue import Dialogue
from agentd_local.rules.english import ENGLISH
from agentd_local.rules.hebrew import HEBREW
from agentd_local.rules.replies import reply

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


def answer(prompt: Prompt, today: date) -> str:
    """The reply to a prompt; pure."""
    language, _, region = prompt.playbook.language.partition("-")
    speech = HEBREW if language in ("he", "iw") else ENGLISH
    dialogue = Dialogue(prompt.playbook, speech, region or _REGIONS.get(language, "US"), today)
    for message in prompt.messages:
        if message.role == "agent":
            dialogue.agent(message.text)
        elif message.role == "caller":
            dialogue.caller(message.text)
    return reply(dialogue, prompt.max_words)
