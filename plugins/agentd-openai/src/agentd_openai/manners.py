"""What each family of models wants to be asked, and learning from a refusal.

Reasoning models refuse a temperature, others refuse an effort, and compatible servers differ again. What is known by
the model's name is asked for rightly at once; what a server refuses by name (400 or 422) is left out from then
on, with one warning, so that a model nobody has heard of costs one refused request and not every call. A server that
refuses tools is a model that only talks.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import openai

T = TypeVar("T")

_log = logging.getLogger("agentd.openai")

TEMPERATURE = 0.4  # lively, yet it keeps to the rules of the call (a guess; SPEC asks for "moderate" only)

# gpt-5 and later and the o series think before they speak. A caller waits meanwhile, so: as little as each can.
# Function tools in chat completions even demand "none" of the newest (OpenAI's notes to gpt-5.6 and gpt-6).
_THINKS = re.compile(r"(gpt-([5-9]|\d\d)|o\d)")
_LEAST = ((re.compile(r"o\d"), "low"), (re.compile(r"gpt-5(-mini|-nano)?(-\d{4}.*)?$"), "minimal"))
_THOUGHTS = 600  # tokens for those that cannot do without


def chat_options(model: str, most_tokens: int) -> dict[str, object]:
    """The optional parameters of a chat request."""
    if not _THINKS.match(model):
        return {"temperature": TEMPERATURE, "max_tokens": most_tokens}
    effort = _least(model)
    return {
        "reasoning_effort": effort,
        "max_completion_tokens": most_tokens + (0 if effort == "none" else _THOUGHTS),
    }


def response_options(model: str, most_tokens: int) -> dict[str, object]:
    """The same of a request to `/responses`, where they have other names."""
    if not _THINKS.match(model):
        return {"temperature": TEMPERATURE, "max_output_tokens": most_tokens}
    effort = _least(model)
    return {"reasoning": {"effort": effort}, "max_output_tokens": most_tokens + (0 if effort == "none" else _THOUGHTS)}


def _least(model: str) -> str:
    """How much a model that thinks has to, at least."""
    return next((least for family, least in _LEAST if family.match(model)), "none")


def transcription_options(model: str, language: str) -> dict[str, object]:
    """The optional parameters of a transcription; `language` by ISO 639-1. The newer models take a list of languages,
    and refuse to be given both."""
    named = {"languages": [language]} if model.startswith("gpt-transcribe") else {"language": language}
    return {**named, "temperature": 0}


_TOOLS = r"\btools?\b"  # "does not support tools", "auto tool choice requires ..."


def _named(error: openai.APIStatusError, offered: Mapping[str, object]) -> set[str]:
    """The parameters that the refusal is about: by `param` ("tools[0].function.name"), or by its message where the
    server leaves that out."""
    if error.param:
        return {re.split(r"[.\[]", error.param)[0]} & offered.keys()
    return {name for name in offered if re.search(_TOOLS if name == "tools" else rf"\b{name}\b", error.message)}


class Manners:
    """One per engine: what its server has refused is remembered for all calls."""

    def __init__(self, engine: str) -> None:
        self._engine, self._refused = engine, set[str]()

    def refuses(self, name: str) -> bool:
        """Is that parameter known to be refused?"""
        return name in self._refused

    async def ask(
        self, send: Callable[..., Awaitable[T]], needed: Mapping[str, Any], optional: Mapping[str, object]
    ) -> T:
        """Await `send` with all of `needed` and what is not yet refused of `optional`. Asks again, at once, without a
        parameter that is refused; any other error comes out."""
        while True:
            offered = {name: value for name, value in optional.items() if name not in self._refused}
            try:
                return await send(**needed, **offered)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refused = _named(error, offered)
                if not refused:
                    raise
                if news := refused - self._refused:  # another call may have found out meanwhile
                    _log.warning("%s refuses %s: left out from now on", self._engine, ", ".join(sorted(news)))
                self._refused |= refused
