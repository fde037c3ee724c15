"""The model `openai[:model]`: streaming chat completions, of OpenAI or of any server that speaks as it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import openai
from openai.resources.chat.completions.completions import AsyncCompletions

from agentd.engines import Prompt, ToolOffer
from agentd_openai import offers
from agentd_openai.budget import fit
from agentd_openai.failures import garbage
from agentd_openai.manners import chat_options
from agentd_openai.streaming import Out, Reading, StreamedLLM, most_tokens


class OpenAILLM(StreamedLLM):
    engine = "openai"

    def _create(self, client: openai.AsyncOpenAI) -> Any:
        completions: AsyncCompletions = client.chat.completions  # imported above: the client would do it in a call
        return completions.with_streaming_response.create

    def _needed(self, prompt: Prompt, *, calls: bool) -> dict[str, object]:
        return {"model": self._model, "messages": fit(prompt, calls=calls)}

    def _optional(self, prompt: Prompt) -> dict[str, object]:
        options = chat_options(self._model, most_tokens(prompt))
        return options | ({"tools": offers.for_chat(prompt.tools)} if prompt.tools else {})

    def _reading(self, tools: Sequence[ToolOffer], out: Out) -> Reading:
        return _Chunks(self._name, tools, out)


class _Chunks(Reading):
    """Each event is a `chat.completion.chunk`."""

    async def _event(self, event: dict[str, Any]) -> None:
        if error := event.get("error"):
            raise self._told(error)
        choices = event.get("choices")
        if not isinstance(choices, list):
            raise garbage("no choices", self._engine)
        if not choices:
            return  # usage, a filter's report
        choice = choices[0] if isinstance(choices[0], dict) else {}
        delta = choice.get("delta")
        if isinstance(delta, dict):
            await self._text(delta.get("content"))
            self._tool(delta.get("tool_calls"))
        if reason := choice.get("finish_reason"):
            if reason == "content_filter":
                raise self._filtered()
            await self._finish(cut=reason == "length")
