"""The model `openai[:model]`: streaming chat completions, of OpenAI or of any server that speaks as it does."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import trio
from trio.abc import ReceiveChannel

from agentd.call.streams import produced
from agentd.engines import Prompt, Token, ToolCall, ToolOffer
from agentd.errors import EngineError
from agentd_openai import models, offers
from agentd_openai.budget import fit
from agentd_openai.client import Client
from agentd_openai.failures import as_engine_errors, garbage
from agentd_openai.manners import Manners, chat_options
from agentd_openai.sse import EventReader
from agentd_openai.tool_calls import BadToolCall, ToolCalls
from agentd_openai.unwind import each

READ_AHEAD = 16  # pieces of a reply (a word each); full = the server waits
TOKENS_A_WORD, TOKENS_BESIDE = 8, 100  # the cap: Hebrew takes up to 4 a word, twice that for a model that rambles
TOOL_TOKENS = 400  # more, when tools are offered: two calls with a name, a time and a line of Hebrew each
MOST_CHARS = 8_000  # of a reply; the cap in tokens may be one that the server ignores
AFTER_FINISH_S = 0.3  # the end of the stream comes with the last word, or not at all
DONE = "[DONE]"


class OpenAILLM:
    """`model`: its name, "" for the default. Of a reply that breaks off, the words that came are handed on and no tool
    call."""

    def __init__(self, client: Client, model: str = "") -> None:
        self._client, self._model = client, model or models.CHAT
        self._name = f"openai:{model}" if model else "openai"
        self._manners = Manners(self._name)

    def reply(self, prompt: Prompt) -> AbstractAsyncContextManager[ReceiveChannel[Token | ToolCall]]:
        """As `LLM.reply`. Raises `EngineError` for whatever the server does; a cancel closes the connection at once."""
        return produced(partial(self._reply, prompt), READ_AHEAD)

    async def _reply(self, prompt: Prompt, out: trio.MemorySendChannel[Token | ToolCall]) -> None:
        messages = fit(prompt, calls=not self._manners.refuses("tools"))
        needed = {"model": self._model, "messages": messages, "stream": True}
        optional = chat_options(self._model, most_tokens(prompt))
        if prompt.tools:
            optional["tools"] = offers.for_chat(prompt.tools)
        reading = _Reading(self._name, prompt.tools, out)
        with as_engine_errors(self._name):
            create: Any = self._client.get().chat.completions.with_streaming_response.create
            async with AsyncExitStack() as stack:

                async def send(**request: Any) -> Any:
                    return await stack.enter_async_context(create(**request))

                response = await self._manners.ask(send, needed, optional)
                with reading.scope:
                    await each(response.iter_bytes(), reading.bytes)
        if not reading.finished:
            raise EngineError("the reply was cut off", retryable=True, engine=self._name)


def most_tokens(prompt: Prompt) -> int:
    """The cap of a reply, tool calls included."""
    return TOKENS_BESIDE + TOKENS_A_WORD * prompt.max_words + TOOL_TOKENS * bool(prompt.tools)


class _Reading:
    """One reply on its way. `tools`: what was offered."""

    def __init__(self, engine: str, tools: Sequence[ToolOffer], out: trio.MemorySendChannel[Token | ToolCall]) -> None:
        self._engine, self._offered, self._out = engine, tools, out
        self._events, self._tools = EventReader(), ToolCalls()
        self._chars = 0
        self.finished = False
        self.scope = trio.CancelScope(deadline=math.inf)

    async def bytes(self, piece: bytes) -> None:
        for data in self._events.feed(piece):
            if not self.finished and data not in ("", DONE):
                await self._chunk(json.loads(data))

    async def _chunk(self, chunk: object) -> None:
        if not isinstance(chunk, dict):
            raise garbage("no object", self._engine)
        if error := chunk.get("error"):
            raise _told(error, self._engine)
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            raise garbage("no choices", self._engine)
        if not choices:
            return  # usage, a filter's report
        choice = choices[0] if isinstance(choices[0], dict) else {}
        delta = choice.get("delta")
        if isinstance(delta, dict):
            await self._text(delta.get("content"))
            try:
                self._tools.feed(delta.get("tool_calls"))
            except BadToolCall as error:
                raise _bad(error, self._engine) from None
        if reason := choice.get("finish_reason"):
            await self._finish(reason)

    async def _text(self, content: object) -> None:
        if content is None or content == "":
            return
        if not isinstance(content, str):
            raise garbage("the text is none", self._engine)
        self._chars += len(content)
        if self._chars > MOST_CHARS:
            raise EngineError("the reply does not end", engine=self._engine)
        await self._out.send(Token(content))

    async def _finish(self, reason: object) -> None:
        if reason == "content_filter":
            raise EngineError("the server's filter stopped the reply", engine=self._engine)
        if reason == "length" and self._tools:
            raise EngineError("a tool call was cut off", retryable=True, engine=self._engine)
        try:
            calls = self._tools.whole()
        except BadToolCall as error:
            raise _bad(error, self._engine) from None
        for call in calls:
            await self._out.send(replace(call, name=offers.meant(call.name, self._offered)))
        self.finished = True
        self.scope.deadline = trio.current_time() + AFTER_FINISH_S


def _bad(error: BadToolCall, engine: str) -> EngineError:
    return EngineError(f"a bad tool call: {error}", retryable=True, engine=engine)


def _told(error: object, engine: str) -> EngineError:
    """A server's own report in mid-stream; only its short code is repeated."""
    code = error.get("code") if isinstance(error, dict) else None
    named = f" ({code})" if isinstance(code, str | int) and len(str(code)) <= 40 and " " not in str(code) else ""
    return EngineError(f"an error in mid-stream{named}", retryable=True, engine=engine)
