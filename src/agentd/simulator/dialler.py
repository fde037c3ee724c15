"""Opens Twilio's end of the media WebSocket and says, in Twilio's terms, how it ended.

`trio-websocket` speaks the protocol: another implementation than the one that agentd answers with.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import cast
from urllib.parse import urlsplit

import h11
import trio
import wsproto.utilities
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream

from agentd.errors import PeerError

HANDSHAKE_FAILED = "31920"
VIOLATION = 31924
LOST = 31903
CLOSED = 31921

_HANDSHAKE_S = 10.0
_CLOSE_S = 1.0
_MAX_MESSAGE_BYTES = 16 << 20  # Twilio names no limit; this one only keeps a runaway peer from eating the memory
_ABNORMAL = 1006


class _Tap(trio.abc.Stream):
    """The TCP stream underneath, watched: trio-websocket tells a violation, a refused subprotocol and a lost line apart
    only by what it does to its stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.ended = trio.Event()
        self.sent_close = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if len(data) and bytes(data[:1]) == b"\x88":
            self.sent_close = True
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        if not data:
            self.ended.set()
        return data

    async def aclose(self) -> None:
        self.ended.set()
        await self._stream.aclose()


@dataclass(frozen=True, slots=True)
class Ended:
    """How the other end left: Twilio's code, the WebSocket close code and its reason."""

    code: int
    close_code: int
    reason: str


class Socket:
    """An open media WebSocket. One task reads; another may write."""

    def __init__(self, connection: WebSocketConnection, tap: _Tap) -> None:
        self._connection, self._tap = connection, tap

    async def receive(self) -> str | bytes | Ended:
        """The next message, or how it ended."""
        try:
            return await self._connection.get_message()
        except ConnectionClosed as e:
            return self._ended(e)

    async def send(self, message: bytes) -> Ended | None:
        """Send one text message; waits while the other end does not read."""
        try:
            await self._connection.send_message(message.decode())
        except ConnectionClosed as e:
            return self._ended(e)
        return None

    async def close(self) -> None:
        """Close with 1000; waits for the other end's answer for a second."""
        with trio.move_on_after(_CLOSE_S):
            await self._connection.aclose(1000)

    def _ended(self, e: ConnectionClosed) -> Ended:
        close_code = e.reason.code if e.reason is not None else _ABNORMAL
        reason = (e.reason.reason if e.reason is not None else None) or ""
        # A close that the other end sent is always answered with one; a violation that the library found is reported as
        # if it were a close, or as abnormal after a close of its own.
        if close_code == _ABNORMAL:
            return Ended(VIOLATION if self._tap.sent_close else LOST, close_code, reason)
        return Ended(CLOSED if self._tap.sent_close else VIOLATION, close_code, reason)


@asynccontextmanager
async def dial(
    url: str, *, plain: bool, signature: str | None, subprotocols: Sequence[str], trust: ssl.SSLContext | None = None
) -> AsyncIterator[Socket]:
    """Connect, shake hands, hand out the socket; on leaving, drop the connection (say goodbye with `Socket.close`).
    Twilio drops the query of the URL. The block must not raise: what goes wrong on the socket is an `Ended`.

    `plain`: without TLS although the URL says wss. `PeerError` "31920" when anything but a 101 that fits comes back.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "wss" and not plain
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
    try:
        with trio.fail_after(_HANDSHAKE_S):
            tcp = await trio.open_tcp_stream(host, port)
    except (OSError, trio.TooSlowError) as e:
        raise PeerError(HANDSHAKE_FAILED, f"cannot connect to {host}:{port}: {e or 'no answer'}") from e
    headers = [(b"X-Twilio-Signature", signature.encode())] if signature is not None else []
    rejected: PeerError | None = None
    try:
        tap = _Tap(await _encrypted(tcp, host, trust or default_trust()) if secure else tcp)
        async with trio.open_nursery() as nursery:
            try:
                with trio.move_on_after(_HANDSHAKE_S) as handshake:
                    nursery.start_soon(_give_up, tap, handshake)
                    connection = await wrap_client_stream(
                        nursery,
                        cast("trio.SocketStream", tap),  # it needs no more than a Stream
                        parts.netloc.rpartition("@")[2],
                        parts.path or "/",
                        subprotocols=list(subprotocols),
                        extra_headers=headers,
                        max_message_size=_MAX_MESSAGE_BYTES,
                    )
                if handshake.cancelled_caught:
                    rejected = PeerError(HANDSHAKE_FAILED, "no valid answer to the handshake")
                else:
                    yield Socket(connection, tap)
            finally:
                nursery.cancel_scope.cancel()
    except* ConnectionRejected as group:
        statuses = [e.status_code for e in group.exceptions if isinstance(e, ConnectionRejected)]
        rejected = PeerError(HANDSHAKE_FAILED, f"handshake answered {', '.join(map(str, statuses)) or 'no 101'}")
    # An answer that breaks HTTP or the handshake ends in the libraries' own errors, both from the same reader.
    except* (OSError, trio.BrokenResourceError, h11.ProtocolError, wsproto.utilities.ProtocolError) as group:
        rejected = PeerError(HANDSHAKE_FAILED, f"handshake failed: {group.exceptions[0]}")
    finally:
        with trio.move_on_after(_CLOSE_S, shield=True):
            await trio.aclose_forcefully(tcp)
    if rejected is not None:
        raise rejected


async def _encrypted(tcp: trio.SocketStream, host: str, trust: ssl.SSLContext) -> trio.abc.Stream:
    stream = trio.SSLStream(tcp, trust, server_hostname=host, https_compatible=True)
    try:
        with trio.fail_after(_HANDSHAKE_S):
            await stream.do_handshake()
    except (trio.BrokenResourceError, trio.TooSlowError) as e:
        raise PeerError(HANDSHAKE_FAILED, f"no TLS with {host}: {e.__cause__ or e or 'no answer'}") from e
    return stream


@cache
def default_trust() -> ssl.SSLContext:
    """The system's authorities, read once: it takes some 15 ms."""
    return ssl.create_default_context()


async def _give_up(tap: _Tap, handshake: trio.CancelScope) -> None:
    """The stream ended: if that was during the handshake, nobody else would say so."""
    await tap.ended.wait()
    handshake.cancel()
