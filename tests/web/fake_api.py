"""Twilio's REST API for calls, as far as agentd uses it, over a real loopback socket."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qsl

import h11
import trio

ACCOUNT = "AC" + "a" * 32
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass
class FakeApi:
    """`calls`: sid -> status. `updates`: (sid, form) as they came. `break_with`: raw bytes to answer with, or b"" to
    close without a word; `stall`: answer never."""

    url: str = ""
    calls: dict[str, str] = field(default_factory=dict)
    updates: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    break_with: bytes | None = None
    stall: bool = False

    async def wait_for_updates(self, count: int) -> None:
        while len(self.updates) < count:
            await trio.sleep(0.01)

    async def serve(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        async with stream:
            while connection.our_state is h11.IDLE:
                request, body = None, b""
                while True:
                    event = connection.next_event()
                    if event is h11.NEED_DATA:
                        try:
                            connection.receive_data(await stream.receive_some(65536))
                        except trio.BrokenResourceError:
                            return
                    elif isinstance(event, h11.Request):
                        request = event
                    elif isinstance(event, h11.Data):
                        body += bytes(event.data)
                    elif isinstance(event, h11.EndOfMessage):
                        break
                    else:
                        return
                assert request is not None
                if self.stall:
                    await trio.sleep_forever()
                if self.break_with is not None:
                    await stream.send_all(self.break_with)
                    return
                status, answer = self.answer(request, dict(parse_qsl(body.decode(), keep_blank_values=True)))
                content = json.dumps(answer).encode()
                headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
                await stream.send_all(
                    connection.send(h11.Response(status_code=status, headers=headers))
                    + connection.send(h11.Data(data=content))
                    + connection.send(h11.EndOfMessage())
                )
                if connection.our_state is h11.DONE and connection.their_state is h11.DONE:
                    connection.start_next_cycle()

    def answer(self, request: h11.Request, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        headers = {name.decode().lower(): value.decode() for name, value in request.headers}
        if headers.get("authorization") != "Basic " + b64encode(f"{ACCOUNT}:{AUTH_TOKEN}".encode()).decode():
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        prefix = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/"
        path = request.target.decode()
        if request.method != b"POST" or not path.startswith(prefix):
            return 404, {"code": 20404, "message": "not found", "status": 404}
        sid = path.removeprefix(prefix).removesuffix(".json")
        if sid not in self.calls:
            return 404, {"code": 20404, "message": "not found", "status": 404}
        if self.calls[sid] != "in-progress":
            return 400, {"code": 21220, "message": "Call is not in-progress. Cannot redirect.", "status": 400}
        self.updates.append((sid, form))
        self.calls[sid] = form.get("Status", self.calls[sid])
        return 200, {"sid": sid, "status": self.calls[sid], "account_sid": ACCOUNT}


@asynccontextmanager
async def fake_api(**calls: str) -> AsyncIterator[FakeApi]:
    api = FakeApi(calls=calls)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, api.serve, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        api.url = f"http://127.0.0.1:{port}"
        yield api
        nursery.cancel_scope.cancel()
