"""The WebSocket handshake of the fast door: a request head in, 101 or a refusal out.

The head is read up to its blank line and not a byte further into the protocol, so that frames sent too early cannot
get in front of the 101. The caller bounds the time.
"""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import trio
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from agentd.core.signature import Verdict
from agentd.events import WsHandshake
from agentd.web.arrivals import Arrivals
from agentd.web.media_socket import MediaSocket
from agentd.web.signatures import HeaderList

SUBPROTOCOL: Final = "audio.twilio.com"
MESSAGE_CAP_BYTES: Final = 65536
_HEAD_CAP_BYTES: Final = 16384
_REFUSAL_S: Final = 0.2

# What a peer does wrong is an event of ours, not a traceback of the library's.
_log = logging.getLogger("agentd.web.websocket")
_log.setLevel(logging.CRITICAL)

Judge = Callable[[str, HeaderList], Verdict]


async def shake_hands(
    sock: socket.socket,
    judge: Judge,
    emit: Callable[[WsHandshake], None],
    counts: Counter[str],
    arrivals: Arrivals,
    *,
    full: bool,
) -> tuple[MediaSocket | None, str]:
    """Answer the request on `sock`. Returns the stream and its path; or None, and the socket is closed.

    `judge(target, headers)` tells whether the request is signed; `full`: there is no room for another stream; `emit`
    gets the event as soon as the answer is known; `arrivals` is how the stream waits for its messages. Cancel: raises,
    and the socket is the caller's to close.
    """
    head, rest = await _read_head(sock)
    protocol = ServerProtocol(max_size=MESSAGE_CAP_BYTES, select_subprotocol=_select, logger=_log)
    protocol.receive_data(head)
    request = next((event for event in protocol.events_received() if isinstance(event, Request)), None)
    if request is None:
        emit(_event("", (), Verdict.MISSING, "bad-request"))
        await _refuse(sock, protocol.reject(HTTPStatus.BAD_REQUEST, "Not a WebSocket request.\n").serialize())
        return None, ""

    path = request.path.partition("?")[0]
    offered = offered_subprotocols(request.headers.get_all("Sec-WebSocket-Protocol"))
    verdict = judge(request.path, request.headers.get_all)
    refused: str | None = None
    if verdict not in (Verdict.VALID, Verdict.OFF):
        refused, response = "signature", protocol.reject(HTTPStatus.FORBIDDEN, "Forbidden.\n")
    elif full:
        refused, response = "full", protocol.reject(HTTPStatus.SERVICE_UNAVAILABLE, "No room.\n")
    else:
        response = protocol.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            refused = "not-websocket"
    if refused:
        emit(_event(path, offered, verdict, refused))
        await _refuse(sock, response.serialize())
        return None, path

    protocol.send_response(response)
    stream = MediaSocket(sock, protocol, counts, arrivals)
    stream.feed(rest)
    emit(_event(path, offered, verdict, None, protocol.subprotocol))
    return stream, path


def offered_subprotocols(headers: Sequence[str]) -> tuple[str, ...]:
    """The names in Sec-WebSocket-Protocol headers, for the event: at most eight, short."""
    names = [name.strip()[:64] for header in headers for name in header.split(",")]
    return tuple(name for name in names if name)[:8]


def _select(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next((name for name in offered if name == SUBPROTOCOL), None)


def _event(
    path: str, offered: tuple[str, ...], verdict: Verdict, refused: str | None, selected: str | None = None
) -> WsHandshake:
    return WsHandshake(path=path, offered=offered, selected=selected, signature=verdict.value, refused=refused)


async def _read_head(sock: socket.socket) -> tuple[bytes, bytes]:
    """Up to and with the blank line, and what came behind it. A peer that ends early or goes on too long gives a head
    that does not parse."""
    data = bytearray()
    while len(data) <= _HEAD_CAP_BYTES:
        await trio.lowlevel.wait_readable(sock)
        try:
            piece = sock.recv(4096)
        except (BlockingIOError, InterruptedError):
            continue
        except OSError:
            break
        if not piece:
            break
        data += piece
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            return bytes(data[: end + 4]), bytes(data[end + 4 :])
    return b"\r\n\r\n", b""


async def _refuse(sock: socket.socket, response: bytes) -> None:
    """Send a small response, wait briefly for the peer to take it, close."""
    with trio.move_on_after(_REFUSAL_S), suppress(OSError):
        sock.send(response)
        sock.shutdown(socket.SHUT_WR)
        while True:
            await trio.lowlevel.wait_readable(sock)
            if not sock.recv(65536):
                break
    sock.close()
