"""From the SDK's asyncio loop to the desk in trio and back: tool calls are done one after the other, in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import trio

from agentd.call.streams import SideLoop
from agentd.engines import Message, ToolCall
from agentd.tools import ToolAnswer, ToolDesk

MOST_AT_ONCE = 16  # calls that wait for their turn; more of them in one answer are a loop
TOO_MANY = ToolAnswer('{"error": "too many calls at once"}', ok=False)

_Asked = tuple[ToolCall, "asyncio.Future[ToolAnswer]"]


class Gate:
    """One run's. `done`: the calls that are over, with their results, those of before a wait included; each call is
    judged by them, too: what one returns may be what the next one needs."""

    def __init__(self, desk: ToolDesk, said: Sequence[Message], done: Sequence[Message], side: SideLoop) -> None:
        self.offers = desk.offers
        self.done = list(done)
        self._desk, self._said, self._side = desk, tuple(said), side
        self._token = trio.lowlevel.current_trio_token()
        self._into, self._out = trio.open_memory_channel[_Asked](MOST_AT_ONCE)

    async def ask(self, call: ToolCall) -> ToolAnswer:
        """On the side loop: one call through the gate. Cancel: it is not begun, or is the desk's to finish."""
        answer: asyncio.Future[ToolAnswer] = asyncio.get_running_loop().create_future()
        self._token.run_sync_soon(self._queue, call, answer)
        return await answer

    async def serve(self) -> None:
        """In trio, while the SDK runs: do what it asks for."""
        with self._out:
            async for call, answer in self._out:
                got = await self._desk.run(call, (*self._said, *self.done), len(self.done) + 1)
                if not got.pending:
                    self.done.append(Message("tool", got.result, call))
                self._side.post(_settle, answer, got)

    def _queue(self, call: ToolCall, answer: asyncio.Future[ToolAnswer]) -> None:
        try:
            self._into.send_nowait((call, answer))
        except trio.WouldBlock:
            self._side.post(_settle, answer, TOO_MANY)
        except trio.BrokenResourceError:
            pass  # the run is over, or cancelled: so is whoever asks


def _settle(answer: asyncio.Future[ToolAnswer], got: ToolAnswer) -> None:
    if not answer.done():  # cancelled meanwhile
        answer.set_result(got)
