"""Reading the client's streams so that nothing of them is left half-way.

They are async generators inside async generators (lines in bytes in chunks in a socket). Leaving a loop over the outer
one leaves the inner ones suspended for the garbage collector, and the connection with them. A cancel *inside* the
stream unwinds all of them in order and closes the connection: so that is how a loop is left here, for whatever reason.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

import trio

T = TypeVar("T")


async def each(source: AsyncIterable[T], use: Callable[[T], Awaitable[None]]) -> None:
    """Await `use` for every item. What it raises, a cancel included, comes out when the source is closed."""
    failure: BaseException | None = None
    with trio.CancelScope() as leave:
        async for item in source:
            if failure is None:
                try:
                    await use(item)
                except BaseException as error:  # boundary: raised below, when the source is unwound
                    failure = error
                    leave.cancel(reason="the reader of the stream has failed")
    if failure is not None:
        raise failure
