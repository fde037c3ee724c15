"""What is kept of a run that waits for a person, as text: the SDK's own state, and the tool calls that are over."""

from __future__ import annotations

from typing import Any

import msgspec

from agentd.engines import Message, ToolCall
from agentd.errors import EngineError
from agentd.events import Private


class _Done(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: dict[str, Any]
    result: str


class Kept(msgspec.Struct, frozen=True):
    """`run`: `RunState.to_json()`. `form`: of this record; another one cannot be gone on from."""

    run: dict[str, Any]
    done: list[_Done]
    form: int = 1

    def messages(self) -> list[Message]:
        return [Message("tool", d.result, ToolCall(d.id, d.name, d.arguments)) for d in self.done]


def keep(run: dict[str, Any], done: list[Message]) -> Private:
    calls = [(message.call, message.text) for message in done if message.call is not None]
    kept = Kept(run, [_Done(call.id, call.name, call.arguments, result) for call, result in calls])
    return Private(msgspec.json.encode(kept).decode())


def recall(state: Private) -> Kept | None:
    """None when there was no run before. Raises `EngineError` for what `keep` has not written."""
    if not state.text:
        return None
    try:
        kept = msgspec.json.decode(state.text.encode(), type=Kept)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise EngineError("the kept state makes no sense", engine="openai-agents") from None
    if kept.form != 1:
        raise EngineError("the kept state is of another release", engine="openai-agents")
    return kept
