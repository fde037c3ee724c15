"""Twilio's REST API for calls, recordings and messages, as far as agentd uses it, over a real loopback socket."""

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
NOT_FOUND: tuple[int, dict[str, object]] = (404, {"code": 20404, "message": "not found", "status": 404})


@dataclass
class FakeApi:
    """`calls`: sid -> status. `updates`: (sid, form) as they came. `dialled` and `messages`: the forms of calls and
    messages that were made; `recordings`: sid -> [call, status, ...] as it changed, "deleted" at last. `break_with`:
    raw bytes to answer with, or b"" to close without a word; `stall`: answer never; `refuse`: (status, code) for the
    next requests, one each; `mute`: what is asked is done, and the connection closes without an answer."""

    url: str = ""
    calls: dict[str, str] = field(default_factory=dict)
    updates: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    dialled: list[dict[str, str]] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    recordings: dict[str, list[str]] = field(default_factory=dict)
    refuse: list[tuple[int, int]] = field(default_factory=list)
    mute: bool = False
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
                if self.mute:
                    return
                content = b"" if status == 204 else json.dumps(answer).encode()
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
        if self.refuse:
            status, code = self.refuse.pop(0)
            return status, {"code": code, "message": "refused", "status": status}
        prefix = f"/2010-04-01/Accounts/{ACCOUNT}/"
        method, path = request.method, request.target.decode()
        if not path.startswith(prefix) or not path.endswith(".json"):
            return NOT_FOUND
        match method, path.removeprefix(prefix).removesuffix(".json").split("/"):
            case b"POST", ["Calls"]:
                self.dialled.append(form)
                return 201, {"sid": f"CAdialled{len(self.dialled)}", "status": "queued", "account_sid": ACCOUNT}
            case b"POST", ["Calls", sid]:
                return self.update(sid, form)
            case b"POST", ["Calls", sid, "Recordings"]:
                return self.record(sid, form)
            case b"POST", ["Calls", sid, "Recordings", recording]:
                return self.change(sid, recording, form)
            case b"DELETE", ["Recordings", recording] if self.running(recording) is not None:
                self.recordings[recording].append("deleted")
                return 204, {}
            case b"POST", ["Messages"]:
                self.messages.append(form)
                return 201, {"sid": f"SM{len(self.messages)}", "status": "queued", "account_sid": ACCOUNT}
        return NOT_FOUND

    def update(self, sid: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if sid not in self.calls:
            return NOT_FOUND
        if self.calls[sid] != "in-progress":
            return 400, {"code": 21220, "message": "Call is not in-progress. Cannot redirect.", "status": 400}
        self.updates.append((sid, form))
        self.calls[sid] = form.get("Status", self.calls[sid])
        return 200, {"sid": sid, "status": self.calls[sid], "account_sid": ACCOUNT}

    def record(self, sid: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if sid not in self.calls:
            return NOT_FOUND
        if self.calls[sid] != "in-progress":
            return 400, {"code": 21220, "message": "Requested resource is not eligible for recording", "status": 400}
        recording = f"RE{len(self.recordings) + 1}"
        channels = form.get("RecordingChannels", "mono")
        self.recordings[recording] = [sid, channels, form.get("RecordingStatusCallback", ""), "in-progress"]
        return 201, {"sid": recording, "call_sid": sid, "status": "in-progress", "account_sid": ACCOUNT}

    def change(self, sid: str, recording: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if recording == "Twilio.CURRENT":
            ours = [name for name, kept in self.recordings.items() if kept[0] == sid and kept[-1] != "stopped"]
            recording = ours[-1] if ours else recording
        kept = self.running(recording)
        if kept is None or kept[0] != sid or kept[-1] == "stopped":
            return NOT_FOUND
        kept.append(form["Status"])
        return 200, {"sid": recording, "call_sid": sid, "status": form["Status"], "account_sid": ACCOUNT}

    def running(self, recording: str) -> list[str] | None:
        kept = self.recordings.get(recording)
        return kept if kept is not None and kept[-1] != "deleted" else None


@asynccontextmanager
async def fake_api(**calls: str) -> AsyncIterator[FakeApi]:
    api = FakeApi(calls=calls)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, api.serve, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        api.url = f"http://127.0.0.1:{port}"
        yield api
        nursery.cancel_scope.cancel()
