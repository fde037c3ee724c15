"""One port, two doors: each connection is looked at without consuming a byte, then handed over (DESIGN 3).

Media goes to our own WebSocket server, because a frame costs about five times more through ASGI and because there
hang-up is data. Everything else goes to Hypercorn with the Quart app, one request per connection, so that a proxy
cannot send an Upgrade behind a webhook.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections import OrderedDict
from typing import Final

import trio
from hypercorn.config import Config
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState, LifespanState
from hypercorn.utils import wrap_app

from agentd.events import WsHandshake
from agentd.web.app import make_app
from agentd.web.arrivals import Arrivals
from agentd.web.door import Door
from agentd.web.handshake import MESSAGE_CAP_BYTES, shake_hands
from agentd.web.http_stream import HttpStream
from agentd.web.listening import address_of
from agentd.web.peek import PEEK_BYTES, Wants, wants
from agentd.web.watchdog import Watchdog
from agentd.web.webhooks import Webhooks

log = logging.getLogger("agentd.web")

# From the first byte to the end of the handshake (SPEC 1.9).
_HANDSHAKE_S: Final = 5.0
# Out of descriptors or memory, or a network error that Linux reports of the new connection (accept(2)): wait, go on.
_ACCEPT_SLEEP_S: Final = 0.1
_LISTENER_IS_DEAD: Final = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSOCK})
# Connections that have not said what they want. One more drops the oldest: whoever means it has spoken by then.
_UNDECIDED: Final = 1024


class Front:
    """The front door. `run` serves until cancelled; `watchdog` and `transfers` are the house's to report to."""

    def __init__(self, door: Door, listener: socket.socket) -> None:
        self._door = door
        self._listener = listener
        self._accepting = trio.CancelScope()
        self._undecided: OrderedDict[socket.socket, trio.CancelScope] = OrderedDict()
        self.address = address_of(listener)
        self.webhooks = Webhooks(door)
        self.watchdog = Watchdog(door, self.webhooks.answers)
        self.transfers = self.webhooks.transfers
        self._arrivals = Arrivals()
        self._config = _hypercorn_config()
        self._app: AppWrapper = wrap_app(make_app(door, self.webhooks), self._config.wsgi_max_body_size, None)
        self._context = WorkerContext(None)
        self._state: LifespanState = {}

    async def run(self, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve. `task_status.started(address)` once connections are accepted. Cancel: closes the listener and the
        HTTP connections at once; media streams belong to whoever took them."""
        lifespan = Lifespan(self._app, self._config, self._state)
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(lifespan.handle_lifespan)
                await lifespan.wait_for_startup()
                nursery.start_soon(self._arrivals.run)
                nursery.start_soon(self.webhooks.statuses.run)
                nursery.start_soon(self.watchdog.run)
                nursery.start_soon(self.transfers.run)
                task_status.started(self.address)
                with self._accepting:
                    await self._accept(nursery)
                await trio.sleep_forever()
        finally:
            self._listener.close()

    def stop_accepting(self) -> None:
        """Leave new connections to the other process on the same systemd socket. Not for a lone one, whose callers
        would wait for its end: that one goes on answering, and refuses politely."""
        self._accepting.cancel()

    async def _accept(self, nursery: trio.Nursery) -> None:
        while True:
            await trio.lowlevel.wait_readable(self._listener)
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                continue
            except OSError as error:
                if error.errno in _LISTENER_IS_DEAD:
                    raise
                self._door.counts["accept_failed_total"] += 1
                await trio.sleep(_ACCEPT_SLEEP_S)
                continue
            sock.setblocking(False)
            nursery.start_soon(self._connection, sock)

    async def _connection(self, sock: socket.socket) -> None:
        """Never raises but when cancelled: one connection's trouble is not the house's."""
        wanted, taken = Wants.MORE, False
        try:
            with trio.move_on_after(_HANDSHAKE_S) as scope:
                wanted = await self._look(sock, scope)
                if wanted is Wants.MEDIA:
                    taken = await self._media(sock)
            if wanted is Wants.HTTP:
                await self._http(sock)
            elif scope.cancelled_caught:
                self._late(wanted)
        except* OSError:
            pass  # the peer is gone
        except* Exception:  # boundary
            self._door.counts["connection_failed_total"] += 1
            log.exception("a connection failed")
        finally:
            if not taken:
                sock.close()

    async def _look(self, sock: socket.socket, scope: trio.CancelScope) -> Wants:
        """Peek until it can be told. SO_RCVLOWAT makes the kernel wait for more than was seen already: half a request
        line would otherwise be "readable" for five seconds and spin a core. MORE: the peer ended first."""
        self._undecided[sock] = scope
        if len(self._undecided) > _UNDECIDED:
            self._undecided.popitem(last=False)[1].cancel()
        seen = b""
        try:
            while True:
                await trio.lowlevel.wait_readable(sock)
                try:
                    now_seen = sock.recv(PEEK_BYTES, socket.MSG_PEEK)
                except (BlockingIOError, InterruptedError):
                    continue
                if len(now_seen) <= len(seen):
                    return Wants.MORE
                seen = now_seen
                wanted = wants(seen)
                if wanted is not Wants.MORE:
                    return wanted
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(seen) + 1)
        finally:
            self._undecided.pop(sock, None)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)

    def _late(self, wanted: Wants) -> None:
        self._door.counts["handshake_timeout_total"] += 1
        if wanted is Wants.MEDIA:
            self._door.emit_house(
                WsHandshake(path="", offered=(), selected=None, signature="missing", refused="timeout")
            )

    async def _media(self, sock: socket.socket) -> bool:
        """True: the house has the stream, and the socket with it."""
        door = self._door
        stream, path = await shake_hands(
            sock,
            door.signatures.handshake,
            door.emit_house,
            door.counts,
            self._arrivals,
            full=not door.lobby.has_room(),
        )
        if stream is None:
            return False
        door.lobby.enter(stream, stream.closed)
        door.on_media(stream, path)
        return True

    async def _http(self, sock: socket.socket) -> None:
        state = ConnectionState(self._state.copy())
        stream = HttpStream(sock)
        try:
            await TCPServer(
                self._app,
                self._config,
                self._context,
                state,
                stream,  # type: ignore[arg-type]  # any stream: it asks for `do_handshake`
            ).run()
        except* Exception as trouble:  # boundary
            # Hypercorn's own trouble with what a peer sent, or with being cancelled in mid-answer.
            self._door.counts["http_connection_failed_total"] += 1
            log.warning("an HTTP connection failed: %r", trouble.exceptions[0])


def _hypercorn_config() -> Config:
    config = Config()
    config.keep_alive_max_requests = 1
    config.keep_alive_timeout = _HANDSHAKE_S
    config.websocket_max_message_size = MESSAGE_CAP_BYTES
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = log
    return config
