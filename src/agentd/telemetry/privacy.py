"""What a log line may hold of a person: the length of what they said, the last three digits of their number."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from agentd.events import Event, Private

_NUMBER: Final = re.compile(r"(?<![\w.])\+?[0-9]{9,15}(?![\w.])")
"""A telephone number (or a card, or an identity number) in the midst of text. Identifiers such as a CallSid have
letters beside their digits and stay whole."""

_LEAST: Final = 9  # characters of such a number

_CALLER: Final = re.compile(r"\+[0-9]{6,15}")


def mask_numbers(text: str) -> str:
    """Every long number down to its last three digits: "+972501234567" -> "***567"."""
    return text if len(text) < _LEAST else _NUMBER.sub(lambda found: "***" + found[0][-3:], text)


def hidden(private: Private) -> str:
    """What stands in a line for text of a person: "***567" for a number as Twilio writes it, else "(12 chars)"."""
    text = private.text
    return f"***{text[-3:]}" if _CALLER.fullmatch(text) else f"({len(text)} chars)"


def line_fields(event: Event, *, show_private: bool) -> dict[str, Any]:
    """The fields of an event as a line shows them. Numbers are masked even where transcripts are shown."""
    return {key: _shown(value, show_private) for key, value in msgspec.structs.asdict(event).items()}


def _shown(value: Any, show_private: bool) -> Any:
    if isinstance(value, Private):
        return mask_numbers(value.text) if show_private else hidden(value)
    if isinstance(value, str):
        return mask_numbers(value)
    if isinstance(value, (tuple, list)):
        return [_shown(item, show_private) for item in value]
    return value
