"""What both of OpenAI's ways to stream a reply have in common: the request, its limits, and how a reply ends.

| the stream                                         | so the reply                                                  |
|----------------------------------------------------|---------------------------------------------------------------|
| says that it has ended                             | has: 300 ms are left for the end of the connection            |
| ends, breaks off or talks nonsense before          | is an error that another try may mend; no tool call of it is   |
|                                                    | handed on                                                     |
| ends for its length in a tool call                 | likewise                                                      |
| is stopped by the server's filter, or does not end | is an error that no other try mends                           |
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import openai
import trio
from trio.abc import ReceiveChannel

from agentd.call.streams import produced
from agentd.engines import Prompt, Token, ToolCall, ToolOffer
from agentd.errors import EngineError
from agentd_openai import models, offers
from agentd_openai.client import Client
from agentd_openai.failures import as_engine_errors, garbage
from agentd_openai.manners import Manners
from agentd_openai.sse import EventReader
from agentd_openai.tool_calls import BadToolCall, ToolCalls
from agentd_openai.unwind import each

READ_AHEAD = 16  # pieces of a reply (a word each); full = the server waits
TOKENS_A_WORD, TOKENS_BESIDE = 8, 100  # the cap: Hebrew takes up to 4 a word, twice that for a model that rambles
TOOL_TOKENS = 400  # more, when tools are offered: two calls with a name, a time and a line of Hebrew each
MOST_CHARS = 8_000  # of a reply; the cap in tokens may be one that the server ignores
AFTER_FINISH_S = 0.3  # the end of the stream comes with the last word, or not at all
DONE = "[DONE]"

Out = trio.MemorySendChannel[Token | ToolCall]


class StreamedLLM(ABC):
    """`model`: its name, "" for the default. Of a reply that breaks off, the words that came are handed on and no tool
    call."""

    engine: str  # its name in chains

    def __init__(self, client: Client, model: str = "") -> None:
        self._client, self._model = client, model or models.CHAT
        self._name = f"{self.engine}:{model}" if model else self.engine
        self._manners = Manners(self._name)

    def reply(self, prompt: Prompt) -> AbstractAsyncContextManager[ReceiveChannel[Token | ToolCall]]:
        """As `LLM.reply`. Raises `EngineError` for whatever the server does; a cancel closes the connection at once."""
        return produced(partial(self._reply, prompt), READ_AHEAD)

    @abstractmethod
    def _create(self, client: openai.AsyncOpenAI) -> Any:
        """The client's method that streams a reply."""

    @abstractmethod
    def _needed(self, prompt: Prompt, *, calls: bool) -> dict[str, object]:
        """What the request must have. `calls`: the server knows tools."""

    @abstractmethod
    def _optional(self, prompt: Prompt) -> dict[str, object]:
        """What it may do without, by name, "tools" among them."""

    @abstractmethod
    def _reading(self, tools: Sequence[ToolOffer], out: Out) -> Reading: ...

    async def _reply(self, prompt: Prompt, out: Out) -> None:
        needed = self._needed(prompt, calls=not self._manners.refuses("tools"))
        reading = self._reading(prompt.tools, out)
        with as_engine_errors(self._name):
            create = self._create(self._client.get())
            async with AsyncExitStack() as stack:

                async def send(**request: Any) -> Any:
                    return await stack.enter_async_context(create(**request))

                response = await self._manners.ask(send, needed | {"stream": True}, self._optional(prompt))
                with reading.scope:
                    await each(response.iter_bytes(), reading.bytes)
        if not reading.finished:
            raise EngineError("the reply was cut off", retryable=True, engine=self._name)


class Reading(ABC):
    """One reply on its way. `offered`: what the model may call."""

    def __init__(self, engine: str, offered: Sequence[ToolOffer], out: Out) -> None:
        self._engine, self._offered, self._out = engine, offered, out
        self._events, self._tools = EventReader(), ToolCalls()
        self._chars = 0
        self.finished = False
        self.scope = trio.CancelScope(deadline=math.inf)

    async def bytes(self, piece: bytes) -> None:
        """The next bytes of the stream, cut anywhere."""
        for data in self._events.feed(piece):
            if not self.finished and data not in ("", DONE):
                event = json.loads(data)
                if not isinstance(event, dict):
                    raise garbage("no object", self._engine)
                await self._event(event)

    @abstractmethod
    async def _event(self, event: dict[str, Any]) -> None:
        """One object of the stream."""

    async def _text(self, text: object) -> None:
        if text is None or text == "":
            return
        if not isinstance(text, str):
            raise garbage("the text is none", self._engine)
        self._chars += len(text)
        if self._chars > MOST_CHARS:
            raise EngineError("the reply does not end", engine=self._engine)
        await self._out.send(Token(text))

    def _tool(self, pieces: object) -> None:
        """Splinters of tool calls, as `ToolCalls` takes them."""
        try:
            self._tools.feed(pieces)
        except BadToolCall as error:
            raise self._bad(error) from None

    async def _finish(self, *, cut: bool = False) -> None:
        """The server says that this was all; `cut`: because it was too long."""
        if cut and self._tools:
            raise EngineError("a tool call was cut off", retryable=True, engine=self._engine)
        try:
            calls = self._tools.whole()
        except BadToolCall as error:
            raise self._bad(error) from None
        for call in calls:
            await self._out.send(replace(call, name=offers.meant(call.name, self._offered)))
        self.finished = True
        self.scope.deadline = trio.current_time() + AFTER_FINISH_S

    def _filtered(self) -> EngineError:
        return EngineError("the server's filter stopped the reply", engine=self._engine)

    def _told(self, error: object) -> EngineError:
        """A server's own report in mid-stream; only its short code is repeated."""
        code = error.get("code") if isinstance(error, dict) else None
        named = f" ({code})" if isinstance(code, str | int) and len(str(code)) <= 40 and " " not in str(code) else ""
        return EngineError(f"an error in mid-stream{named}", retryable=True, engine=self._engine)

    def _bad(self, error: BadToolCall) -> EngineError:
        return EngineError(f"a bad tool call: {error}", retryable=True, engine=self._engine)


def most_tokens(prompt: Prompt) -> int:
    """The cap of a reply, tool calls included."""
    return TOKENS_BESIDE + TOKENS_A_WORD * prompt.max_words + TOOL_TOKENS * bool(prompt.tools)
