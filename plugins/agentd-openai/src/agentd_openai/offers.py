"""Tools as a model is shown them, and their names there and back. Pure.

OpenAI allows letters, digits, `_` and `-` in a function's name, 64 at most: "calendar.find_slots" goes out as
"calendar-find_slots". Servers that allow dots may send the name with one; so may a model that has made one up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentd.engines import ToolOffer

MOST_NAME = 64
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]")


def wire_name(name: str) -> str:
    """As the server is told it; never empty."""
    return _NOT_ALLOWED.sub("-", name)[:MOST_NAME] or "-"


def meant(name: str, offers: Sequence[ToolOffer]) -> str:
    """The tool that a model means by `name`; one that was not offered stays as it is, for the gate to refuse."""
    return next((offer.name for offer in offers if name in (wire_name(offer.name), offer.name)), name)


def for_responses(offers: Sequence[ToolOffer]) -> list[dict[str, object]]:
    """`tools` of a response. `strict` would refuse schemas with optional arguments, and is on unless told."""
    return [
        {
            "type": "function",
            "name": wire_name(offer.name),
            "description": offer.summary,
            "parameters": offer.schema,
            "strict": False,
        }
        for offer in offers
    ]


def for_chat(offers: Sequence[ToolOffer]) -> list[dict[str, object]]:
    """`tools` of a chat completion."""
    return [
        {
            "type": "function",
            "function": {"name": wire_name(o.name), "description": o.summary, "parameters": o.schema},
        }
        for o in offers
    ]
