"""A conversation as the messages of a chat completion: roles, and tool calls beside their results. Pure.

| a message of          | becomes                                                                             |
|-----------------------|-------------------------------------------------------------------------------------|
| the caller            | `user`                                                                              |
| the agent             | `assistant`                                                                         |
| a tool                | `assistant` with one call, and the `tool` message that answers it; words of ours     |
|                       | just before it share the call's message                                             |
| a tool, as text       | a line of the `user`: for servers that refuse tools, and for a result without a call |

Never two messages of `user` or `assistant` in a row, as some servers' templates refuse them. One call a message, as
others refuse more; a model that asked for two at once sees them one after the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from agentd.engines import Message, ToolCall
from agentd_openai.offers import wire_name

INAUDIBLE = "[The caller said something that could not be understood.]"
MOST_ID = 40  # characters of an id, by OpenAI's validation

ChatMessage = dict[str, Any]

_ROLES = {"caller": "user", "agent": "assistant", "tool": "user"}


def as_chat(messages: Iterable[Message], *, calls: bool = True) -> list[ChatMessage]:
    """`calls`: the server knows tools. Each call keeps its id, unless it has none, or one that is too long or used."""
    lines: list[ChatMessage] = []
    ids: set[str] = set()
    for message in messages:
        if calls and message.call is not None:
            lines += _exchange(lines, message.call, message.text, _id(message.call.id, ids))
        else:
            _say(lines, _ROLES.get(message.role, "user"), text_of(message))
    return lines


def text_of(message: Message) -> str:
    """A message as one line of text."""
    if message.role == "tool":
        return f"[tool] {message.call.name}: {message.text}" if message.call else f"[tool] {message.text}"
    return message.text if message.text.strip() else INAUDIBLE


def arguments_of(call: ToolCall) -> str:
    """The arguments as a model writes them."""
    return json.dumps(call.arguments, ensure_ascii=False)


def _say(lines: list[ChatMessage], role: str, text: str) -> None:
    if lines and lines[-1]["role"] == role:
        lines[-1]["content"] += "\n" + text
    else:
        lines.append({"role": role, "content": text})


def _exchange(lines: list[ChatMessage], call: ToolCall, result: str, call_id: str) -> list[ChatMessage]:
    function = {"name": wire_name(call.name), "arguments": arguments_of(call)}
    asked: ChatMessage = (
        lines.pop() if lines and lines[-1]["role"] == "assistant" else {"role": "assistant", "content": None}
    )
    asked["tool_calls"] = [{"id": call_id, "type": "function", "function": function}]
    return [asked, {"role": "tool", "tool_call_id": call_id, "content": result}]


def _id(given: str, used: set[str]) -> str:
    """By position where the given one will not do: the same conversation has the same ids."""
    chosen = given if 0 < len(given) <= MOST_ID and given not in used else f"call_{len(used)}"
    while chosen in used:
        chosen += "_"
    used.add(chosen)
    return chosen
