"""The events of OpenAI's `/responses`, in their order and with the fields that clients read, for the fake server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from agentd_openai.fake_server import Step

Event = dict[str, Any]


def events(*given: Event) -> list[Step]:
    """Server-sent events, named as OpenAI names them; each has a number."""
    return [
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
        for number, event in enumerate(given)
    ]


def began() -> list[Event]:
    return [
        {"type": f"response.{what}", "response": {"id": "r", "status": what}} for what in ("created", "in_progress")
    ]


def words(*texts: str, index: int = 0) -> list[Event]:
    """A message of the model's, in pieces."""
    where = {"item_id": f"msg_{index}", "output_index": index, "content_index": 0}
    item = {"id": f"msg_{index}", "type": "message", "role": "assistant", "content": []}
    return [
        {"type": "response.output_item.added", "output_index": index, "item": item},
        {"type": "response.content_part.added", **where, "part": {"type": "output_text", "text": ""}},
        *({"type": "response.output_text.delta", **where, "delta": text} for text in texts),
        {"type": "response.output_text.done", **where, "text": "".join(texts)},
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def call(call_id: str, name: str, *pieces: str, index: int = 0) -> list[Event]:
    """A function call, its arguments in pieces."""
    where = {"item_id": f"fc_{index}", "output_index": index}
    item = {"id": f"fc_{index}", "type": "function_call", "call_id": call_id, "name": name}
    whole = "".join(pieces)
    return [
        {"type": "response.output_item.added", "output_index": index, "item": {**item, "arguments": ""}},
        *({"type": "response.function_call_arguments.delta", **where, "delta": piece} for piece in pieces),
        {"type": "response.function_call_arguments.done", **where, "arguments": whole},
        {"type": "response.output_item.done", "output_index": index, "item": {**item, "arguments": whole}},
    ]


def ended(status: str = "completed", **fields: object) -> list[Event]:
    """The last event; "incomplete" and "failed" have their reasons in `fields`."""
    return [{"type": f"response.{status}", "response": {"id": "r", "status": status, **fields}}]


def reply(*parts: Iterable[Event], status: str = "completed", **fields: object) -> list[Step]:
    """A whole response."""
    return events(*began(), *(event for part in parts for event in part), *ended(status, **fields))
