"""A server that speaks HTTP like OpenAI's, on a real socket, and misbehaves as it is told: for tests.

It runs in a thread with a trio of its own: what it does costs the code under test neither a task nor a step, and a
test that counts tasks counts only the engine's. Nothing here is imported by the engines.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from enum import Enum
from functools import partial
from typing import Any

import h11
import trio

from agentd_openai.fake_rules import Problem, chat_problem, responses_problem

CHUNK = 65536
PATIENCE_S = 5.0  # what has not been seen by then does not happen


class Misdeed(Enum):
    """Steps of an answer beside bytes and pauses."""

    STALL = "says nothing more"
    CUT = "closes the connection in the middle"


Step = bytes | float | Misdeed  # a float: seconds of silence


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gets after `after_s` (`math.inf`: nothing, ever); `body` goes step by step, in HTTP's chunks."""

    body: Iterable[Step] = ()
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    after_s: float = 0.0


@dataclass(slots=True)
class Request:
    """What one request was. `gone` is set when the client closed the connection before it had the whole answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, bytes]:
        """The fields of a multipart body."""
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        fields: dict[str, bytes] = {}
        for part in message.walk():
            if isinstance(content := part.get_payload(decode=True), bytes):
                fields[str(part.get_param("name", header="content-disposition"))] = content
        return fields


def sse(*events: object, done: bool = True) -> list[Step]:
    """Server-sent events; text goes out as it is."""
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return [f"data: {line}\n\n".encode() for line in (*lines, *(("[DONE]",) if done else ()))]


def delta(finish: str | None = None, **fields: object) -> dict[str, object]:
    """One chunk of a chat completion."""
    choice = {"index": 0, "delta": fields, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def words(*texts: str, finish: str = "stop") -> list[dict[str, object]]:
    """The chunks of a reply."""
    return [delta(role="assistant", content=""), *(delta(content=text) for text in texts), delta(finish)]


def stream(*steps: Step | Iterable[Step]) -> Answer:
    """An answer of server-sent events."""
    flat: list[Step] = []
    for step in steps:
        flat += [step] if isinstance(step, bytes | float | Misdeed) else list(step)
    return Answer(flat, kind="text/event-stream")


SECRET = "refused: sk-secret said by 0501234567"  # a server's message may hold what must not be repeated


def refusal(status: int, code: str = "", param: str | None = None, message: str = SECRET, **headers: str) -> Answer:
    """An error as OpenAI writes it."""
    error = {"message": message, "type": "the_type", "param": param, "code": code}
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer([json.dumps({"error": error}).encode()], status, headers=named)


class FakeOpenAI:
    """`url` is the base URL. `answers` maps the end of a path to what a request gets: an `Answer`, or a function of
    the request. `requests` are all that came, in order. Set both at any time, from any thread."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Answer | Callable[[Request], Answer]] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self._scope = trio.CancelScope()
        self._token: trio.lowlevel.TrioToken | None = None
        self._ready = threading.Event()

    def start(self) -> threading.Thread:
        """In a thread of its own; returns when it listens."""
        thread = threading.Thread(target=trio.run, args=(self._serve,), daemon=True)
        thread.start()
        self._ready.wait(10)
        return thread

    def stop(self) -> None:
        """Every connection is closed."""
        if self._token is not None:
            self._token.run_sync_soon(self._scope.cancel)

    async def arrived(self, number: int = 1) -> Request:
        """Wait, in the test's own trio, for that many requests; the last of them."""
        await _until(lambda: len(self.requests) >= number)
        return self.requests[number - 1]

    async def closed(self, request: Request) -> None:
        """Wait, in the test's own trio, until the client has closed the connection of `request`."""
        await _until(request.gone.is_set)

    async def _serve(self) -> None:
        with self._scope:
            async with trio.open_nursery() as nursery:
                listeners = await nursery.start(partial(trio.serve_tcp, self._connection, 0, host="127.0.0.1"))
                self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/v1"
                self._token = trio.lowlevel.current_trio_token()
                self._ready.set()

    async def _connection(self, socket: trio.SocketStream) -> None:
        self.connections += 1
        http = h11.Connection(h11.SERVER)
        try:
            while (request := await _read(http, socket)) is not None:
                self.requests.append(request)
                if not await self._answer(http, socket, request):
                    break
                http.start_next_cycle()
        except (trio.BrokenResourceError, h11.RemoteProtocolError):
            pass  # the client is gone
        finally:
            await trio.aclose_forcefully(socket)

    def _illegal(self, request: Request) -> Problem:
        """What the real one would refuse, whatever it was told to answer."""
        if request.path.endswith("/chat/completions"):
            return chat_problem(request.json)
        return responses_problem(request.json) if request.path.endswith("/responses") else None

    async def _answer(self, http: h11.Connection, socket: trio.SocketStream, request: Request) -> bool:
        """Was the answer given whole?"""
        answer = next((a for path, a in self.answers.items() if request.path.endswith(path)), Answer(status=404))
        if (problem := self._illegal(request)) is not None:
            param, why = problem
            answer = refusal(400, "invalid_request_error", param, why)
        elif callable(answer):
            answer = answer(request)

        async def watch() -> None:
            """A client that waits sends nothing but its farewell; one that is quick, its next request."""
            try:
                early = await socket.receive_some(CHUNK)
            except trio.BrokenResourceError:
                early = b""
            if early:
                http.receive_data(early)
            else:
                request.gone.set()
                nursery.cancel_scope.cancel()

        whole = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            try:
                whole = await _write(http, socket, answer)
            except trio.BrokenResourceError:
                request.gone.set()
            nursery.cancel_scope.cancel()
        return whole


async def _until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - it happens in another thread
            await trio.sleep(0.002)


async def _read(http: h11.Connection, socket: trio.SocketStream) -> Request | None:
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
            return Request(head.method.decode(), head.target.decode(), headers, body)
        else:
            return None


async def _write(http: h11.Connection, socket: trio.SocketStream, answer: Answer) -> bool:
    """Was it the whole answer?"""
    await trio.sleep(answer.after_s)
    headers = [("content-type", answer.kind), ("transfer-encoding", "chunked"), *answer.headers]
    await _send(http, socket, h11.Response(status_code=answer.status, headers=headers))
    for step in answer.body:
        if isinstance(step, bytes):
            await _send(http, socket, h11.Data(data=step))
        elif isinstance(step, float):
            await trio.sleep(step)
        elif step is Misdeed.STALL:
            await trio.sleep_forever()
        else:
            return False
    await _send(http, socket, h11.EndOfMessage())
    return True


async def _send(http: h11.Connection, socket: trio.SocketStream, event: h11.Event) -> None:
    if data := http.send(event):
        await socket.send_all(data)


@contextmanager
def fake_openai() -> Iterator[FakeOpenAI]:
    """A server for as long as the block lasts."""
    server = FakeOpenAI()
    thread = server.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)
