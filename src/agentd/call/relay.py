"""A chain's block: read like any engine's, or, by `each`, run in its reader's own task.

An engine's block has a task that works ahead of its reader. A chain of engines does nothing but hand on what its engine
gives, so its own task would only stand between the two: three tasks and three channels a call, at 100 calls a fifth of
their memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from types import TracebackType
from typing import Generic, TypeVar

import trio
from trio.abc import ReceiveChannel

from agentd.call.streams import produced

T = TypeVar("T")

Give = Callable[[T], Awaitable[None]]
"""Hands an item to the reader; from one task at a time. Cancel: the item may be lost, but only because its reader, or
what `run` itself has cancelled, no longer wants it."""


class Relay(AbstractAsyncContextManager[ReceiveChannel[T]], Generic[T]):
    """What `run` gives, as a block. Its end ends the channel, its failure comes out of the block as itself, and leaving
    the block cancels it. For one use."""

    def __init__(self, run: Callable[[Give[T]], Awaitable[None]]) -> None:
        self._run = run

    async def __aenter__(self) -> ReceiveChannel[T]:
        self._block = produced(self._send)  # only now: it and this would hold each other
        return await self._block.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._block.__aexit__(kind, error, trace)

    async def _send(self, into: trio.MemorySendChannel[T]) -> None:
        await self._run(partial(_hand_on, into))

    async def each(self, take: Callable[[T], Awaitable[object]]) -> None:
        """See the function of this name."""
        failure: Exception | None = None

        async def give(item: T) -> None:
            nonlocal failure
            try:
                if not await take(item):
                    return
            except Exception as e:  # boundary: the reader's own, which `run` must not take for an engine's
                failure = e
            scope.cancel(reason="the reader has left")
            await trio.sleep_forever()

        with trio.CancelScope() as scope:
            await self._run(give)
        if failure is not None:
            raise failure


async def each(block: AbstractAsyncContextManager[ReceiveChannel[T]], take: Callable[[T], Awaitable[object]]) -> None:
    """Await `take` for each item of an engine's block, in order, until it returns something true: then the block is
    left, as it is by a cancel. Raises what the engine, or `take`, raises; an engine's may be in a group."""
    if isinstance(block, Relay):
        return await block.each(take)
    async with block as items:
        async for item in items:
            if await take(item):
                return None
    return None


async def _hand_on(out: trio.MemorySendChannel[T], item: T) -> None:
    """Give the reader `item`. A reader that closed its channel inside the block has left: its block will end us, and
    the engine is not to blame."""
    try:
        await out.send(item)
    except trio.BrokenResourceError:
        await trio.sleep_forever()
