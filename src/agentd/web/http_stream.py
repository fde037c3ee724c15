"""A TCP stream for Hypercorn whose end cannot be cancelled away."""

from __future__ import annotations

import socket

import trio


class HttpStream(trio.abc.HalfCloseableStream):
    """Hypercorn ends a connection from inside the request's task, and Quart-Trio cancels that task at the same moment:
    without the shields the connection would sometimes stay open, with nobody left to close it."""

    def __init__(self, sock: socket.socket) -> None:
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        self.socket = self._stream.socket

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    async def send_eof(self) -> None:
        with trio.CancelScope(shield=True):  # shuts down at once, waits for nothing
            await self._stream.send_eof()

    async def aclose(self) -> None:
        with trio.CancelScope(shield=True):  # closes at once, waits for nothing
            await self._stream.aclose()
