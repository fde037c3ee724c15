"""A model's tool calls come in splinters over many chunks; they are handed on whole, or not at all. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agentd.engines import ToolCall

MOST_CALLS = 8  # in one reply; more is a loop
MOST_CHARS = 16_000  # of the arguments of one call


class BadToolCall(ValueError):
    """What came is no tool call. The message holds no part of it."""


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


class ToolCalls:
    """`feed` every splinter, `whole` when the model has finished."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[str, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def feed(self, pieces: object) -> None:
        """`delta.tool_calls` of one chunk, None for none. Raises `BadToolCall`."""
        if pieces is None:
            return
        if not isinstance(pieces, list):
            raise BadToolCall("no list")
        for piece in pieces:
            self._add(piece)

    def whole(self) -> list[ToolCall]:
        """All of them, in order. Raises `BadToolCall` if one has no name or its arguments are no JSON object."""
        return [_parsed(call, number) for number, call in enumerate(self._calls)]

    def _add(self, piece: object) -> None:
        if not isinstance(piece, dict):
            raise BadToolCall("no object")
        index, new_id = str(piece.get("index")), _string(piece, "id")
        call = self._by_index.get(index)
        # Some servers number all calls 0, but give each its own id.
        if call is None or (new_id and call.id and new_id != call.id):
            if len(self._calls) == MOST_CALLS:
                raise BadToolCall(f"more than {MOST_CALLS} calls")
            call = self._by_index[index] = _Call()
            self._calls.append(call)
        call.id = call.id or new_id
        function = piece.get("function") or {}
        if not isinstance(function, dict):
            raise BadToolCall("the function is no object")
        call.name = call.name or _string(function, "name")
        call.arguments += _string(function, "arguments")
        if len(call.arguments) > MOST_CHARS:
            raise BadToolCall(f"over {MOST_CHARS} characters of arguments")


def _string(piece: dict[str, object], field: str) -> str:
    value = piece.get(field)
    if value is not None and not isinstance(value, str):
        raise BadToolCall(f"the {field} is no text")
    return value or ""


def _parsed(call: _Call, number: int) -> ToolCall:
    if not call.name:
        raise BadToolCall("no name")
    try:
        arguments = json.loads(call.arguments or "{}")  # a tool without arguments may get none at all
    except (ValueError, RecursionError):
        raise BadToolCall("the arguments are no JSON") from None
    if not isinstance(arguments, dict):
        raise BadToolCall("the arguments are no object")
    return ToolCall(call.id or f"call-{number}", call.name, arguments)
