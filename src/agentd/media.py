"""The port to one media WebSocket. Behind it: our own socket, the Quart adapter, an in-memory pair."""

from __future__ import annotations

from typing import Protocol


class Binary(bytes):
    """A binary message. Twilio sends none: counted as bad input by the call, never parsed."""

    __slots__ = ()


class MediaStream(Protocol):
    """Messages in and out. One task receives; anybody may `put`, from synchronous code."""

    async def receive(self) -> list[bytes] | None:
        """All messages that have arrived (at least one), as UTF-8 JSON or `Binary`; None once the other end is
        gone, for good. Never raises on what the peer does: hang-up is data. Cancel: nothing is lost."""

    def put(self, *messages: bytes, speech: bool = False) -> None:
        """Append text messages and try to send at once, without blocking. A message is never cut in half.
        After the end it does nothing. `speech` marks what `drop_speech` may take back."""

    def drop_speech(self) -> int:
        """Forget the whole `speech` messages that the kernel has not been given yet; returns how many."""

    async def flush(self) -> None:
        """Wait until everything that was put has been given to the kernel, or the stream is gone. It need not be a
        checkpoint when nothing waits: that is nearly always so, fifty times a second."""

    async def aclose(self, code: int = 1000) -> None:
        """Close with a WebSocket close code and free the socket. Bounded by itself (1 s), shielded, idempotent."""
