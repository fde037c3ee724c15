"""A CRM on a real socket that keeps the README's contract, and breaks it as it is told: for tests.

async with fake_crm() as crm:
    crm.misdeeds.append(Misdeed.CUT_AFTER)     # of the next request
    ... CrmClient(Access(crm.url, crm.token)) ...
    assert crm.records.leads
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

import h11
import trio

from agentd_crm_http.fake_records import Records, Reply, refused

CHUNK = 65536
BASE = "/agentd"


class Misdeed(Enum):
    """What becomes of one request."""

    CUT_BEFORE = "the connection is closed, nothing was done"
    CUT_AFTER = "it was done, and the connection is closed in the middle of the answer"
    STALL = "it was done, and nothing is answered, ever"
    FLOOD = "an answer without end"


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class FakeCrm:
    """`misdeeds`: of the next requests, one each; a `Reply` or bytes are answered in place of what is true, and nothing
    is done. `asked`: all that came, in order. `gone`: connections that the client closed while it was answered."""

    url: str = ""
    token: str = "crm-secret"
    records: Records = field(default_factory=Records)
    misdeeds: deque[Misdeed | Reply | bytes] = field(default_factory=deque)
    headers: list[tuple[str, str]] = field(default_factory=list)  # beside ours, on every answer
    asked: list[Asked] = field(default_factory=list)
    gone: int = 0

    async def connection(self, socket: trio.SocketStream) -> None:
        http = h11.Connection(h11.SERVER)
        try:
            while (asked := await _read(http, socket)) is not None:
                self.asked.append(asked)
                await self._answer(http, socket, asked)
                http.start_next_cycle()
        except (trio.BrokenResourceError, h11.ProtocolError):
            self.gone += 1
        finally:
            await trio.aclose_forcefully(socket)

    async def _answer(self, http: h11.Connection, socket: trio.SocketStream, asked: Asked) -> None:
        misdeed = self.misdeeds.popleft() if self.misdeeds else None
        if misdeed is Misdeed.CUT_BEFORE:
            raise trio.BrokenResourceError
        if isinstance(misdeed, bytes):
            await self._send(http, socket, 200, misdeed)
            return
        reply = misdeed if isinstance(misdeed, Reply) else self._true(asked)
        body = json.dumps(reply.body).encode()
        if misdeed is Misdeed.STALL:
            await socket.receive_some(CHUNK)  # the client's farewell
            raise trio.BrokenResourceError
        if misdeed is Misdeed.CUT_AFTER:
            head = h11.Response(status_code=reply.status, headers=[("content-length", str(len(body)))])
            await socket.send_all((http.send(head) or b"") + body[:-1])
            raise trio.BrokenResourceError
        if misdeed is Misdeed.FLOOD:
            await socket.send_all(http.send(h11.Response(status_code=200, headers=[])) or b"")
            while True:
                await socket.send_all(http.send(h11.Data(data=b" " * CHUNK)) or b"")
        await self._send(http, socket, reply.status, body)

    def _true(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return refused(401, "no-token")
        if not asked.path.startswith(BASE + "/"):
            return refused(404, "no-such-address")
        body = json.loads(asked.body) if asked.body else {}
        return self.records.answer(
            asked.method, asked.path.removeprefix(BASE), asked.headers.get("idempotency-key", ""), body
        )

    async def _send(self, http: h11.Connection, socket: trio.SocketStream, status: int, body: bytes) -> None:
        headers = [("content-type", "application/json"), ("content-length", str(len(body))), *self.headers]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            if data := http.send(event):
                await socket.send_all(data)


async def _read(http: h11.Connection, socket: trio.SocketStream) -> Asked | None:
    head: h11.Request | None = None
    body = b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await socket.receive_some(CHUNK))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = {name.decode(): value.decode() for name, value in head.headers}
            return Asked(head.method.decode(), head.target.decode(), headers, body)
        else:
            return None


@asynccontextmanager
async def fake_crm() -> AsyncIterator[FakeCrm]:
    """One for as long as the block lasts, on loopback."""
    crm = FakeCrm()
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        crm.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}{BASE}"
        nursery.start_soon(trio.serve_listeners, crm.connection, listeners)
        yield crm
        nursery.cancel_scope.cancel(reason="the test is over")
