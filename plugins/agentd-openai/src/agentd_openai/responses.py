"""The model `openai-responses[:model]`: the same by OpenAI's newer API, `/responses`, which few other servers have.

Nothing is kept there: each request holds the whole conversation, as with chat completions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import openai
from openai.resources.responses.responses import AsyncResponses

from agentd.engines import Prompt, ToolOffer
from agentd_openai import offers
from agentd_openai.budget import fit
from agentd_openai.failures import garbage
from agentd_openai.lines import ChatMessage
from agentd_openai.manners import response_options
from agentd_openai.streaming import Out, Reading, StreamedLLM, most_tokens


class OpenAIResponsesLLM(StreamedLLM):
    engine = "openai-responses"

    def _create(self, client: openai.AsyncOpenAI) -> Any:
        responses: AsyncResponses = client.responses  # imported above (0.3 s): the client would do it in a call
        return responses.with_streaming_response.create

    def _needed(self, prompt: Prompt, *, calls: bool) -> dict[str, object]:
        messages = fit(prompt, calls=calls)
        system = {"instructions": messages.pop(0)["content"]} if messages[0]["role"] == "system" else {}
        return {"model": self._model, **system, "input": list(as_items(messages))}

    def _optional(self, prompt: Prompt) -> dict[str, object]:
        options = response_options(self._model, most_tokens(prompt)) | {"store": False}
        return options | ({"tools": offers.for_responses(prompt.tools)} if prompt.tools else {})

    def _reading(self, tools: Sequence[ToolOffer], out: Out) -> Reading:
        return _Events(self._name, tools, out)


def as_items(messages: Iterable[ChatMessage]) -> Iterable[dict[str, Any]]:
    """The messages of a chat completion as the items of a response's input."""
    for message in messages:
        if message["role"] == "tool":
            yield {
                "type": "function_call_output",
                "call_id": message["tool_call_id"],
                "output": message["content"],
            }
            continue
        if message["content"]:
            yield {"role": message["role"], "content": message["content"]}
        for call in message.get("tool_calls", ()):
            yield {"type": "function_call", "call_id": call["id"], **call["function"]}


class _Events(Reading):
    """Each event has a `type`; those that are not named here say nothing new."""

    def __init__(self, engine: str, offered: Sequence[ToolOffer], out: Out) -> None:
        super().__init__(engine, offered, out)
        self._begun: dict[str, bool] = {}  # tool calls by their place: have any arguments come?

    async def _event(self, event: dict[str, Any]) -> None:
        match event.get("type"):
            case "response.output_text.delta":
                await self._text(event.get("delta"))
            case "response.output_item.added" | "response.output_item.done":
                self._item(str(event.get("output_index")), event.get("item"))
            case "response.function_call_arguments.delta":
                self._arguments(str(event.get("output_index")), event.get("delta"))
            case "response.completed":
                await self._finish()
            case "response.incomplete":
                if _part(event, "incomplete_details").get("reason") == "content_filter":
                    raise self._filtered()
                await self._finish(cut=True)
            case "response.failed":
                raise self._told(_part(event, "error"))
            case "error":
                raise self._told(event)
            case str():
                pass
            case _:
                raise garbage("no type", self._engine)

    def _item(self, index: str, item: object) -> None:
        """A tool call begins, with its name; or is whole, with arguments that may never have come in pieces."""
        if not isinstance(item, dict) or item.get("type") != "function_call":
            return
        arguments = item.get("arguments") or ""
        if index not in self._begun:
            self._tool([{"index": index, "id": item.get("call_id"), "function": {"name": item.get("name")}}])
            self._begun[index] = False
        if arguments and not self._begun[index]:
            self._arguments(index, arguments)

    def _arguments(self, index: str, piece: object) -> None:
        if index not in self._begun:
            raise garbage("arguments of no call", self._engine)
        self._tool([{"index": index, "function": {"arguments": piece}}])
        self._begun[index] = True


def _part(event: dict[str, Any], name: str) -> dict[str, Any]:
    """An object inside the response that an event ends with; {} if it is none."""
    response = event.get("response")
    part = response.get(name) if isinstance(response, dict) else None
    return part if isinstance(part, dict) else {}
