"""Processes that run jobs, their calls, and the other end of the line on which they say where they are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trio

from agentd.config import Settings
from agentd.events import Private
from agentd.storage import SlotsRow
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts.store import a_call

ACTIONS = ("summary.generate", "leads.upsert", "crm.update", "calls.log_create", "whatsapp.send")
POINTS = [f"{when} {step}" for step in ("plan", *ACTIONS) for when in ("begin", "end")]
HOLD, GO, FAIL = "hold", "go", "fail"


@dataclass
class Zygote:
    """Forks processes that run jobs. See zygote.py."""

    process: subprocess.Popen[str]

    def fork(self, settings: Settings, port: int, waits_s: list[float]) -> int:
        """A process of jobs; its pid."""
        told = {
            "state_dir": str(settings.state_dir),
            "url": settings.database_url.get_secret_value(),
            "port": port,
            "waits_s": waits_s,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@dataclass
class Jobs:
    """What the processes have said. `answer(pid, call, point)` decides; `HOLD` leaves them waiting there."""

    zygote: Zygote
    settings: Settings
    port: int
    answer: Callable[[int, str, str], str] = lambda pid, call, point: GO
    waits_s: list[float] = field(default_factory=lambda: [0.05])
    reached: Counter[tuple[str, str]] = field(default_factory=Counter)  # (call, point)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)  # (to, key)
    texts: list[str] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)
    ready: set[int] = field(default_factory=set)
    changed: trio.Event = field(default_factory=trio.Event)

    def start(self) -> int:
        pid = self.zygote.fork(self.settings, self.port, self.waits_s)
        self.pids.add(pid)
        return pid

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        self.pids.discard(pid)
        os.kill(pid, number)

    async def until(self, there: Callable[[], bool]) -> None:
        """What the processes say makes it so."""
        with trio.fail_after(40):
            while not there():
                self.changed = trio.Event()
                await self.changed.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        buffer = b""
        with suppress(trio.BrokenResourceError):
            async for piece in stream:
                buffer += piece
                while b"\n" in buffer:
                    line, _, buffer = buffer.partition(b"\n")
                    said = json.loads(line)
                    if "ready" in said:
                        self.ready.add(said["pid"])
                        answer = GO
                    elif "sent" in said:
                        self.sent[said["to"], said["sent"]] += 1
                        self.texts.append(said["text"])
                        answer = GO
                    else:
                        self.reached[said["call"], said["point"]] += 1
                        answer = self.answer(said["pid"], said["call"], said["point"])
                    if answer != HOLD:
                        await stream.send_all(answer.encode() + b"\n")
                    self.changed.set()


@asynccontextmanager
async def jobs(zygote: Zygote, settings: Settings) -> AsyncIterator[Jobs]:
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        made = Jobs(zygote, settings, listener.socket.getsockname()[1])
        nursery.start_soon(trio.serve_listeners, made.serve, [listener])
        try:
            yield made
        finally:
            for pid in list(made.pids):
                with suppress(ProcessLookupError):
                    made.kill(pid)
            nursery.cancel_scope.cancel(reason="the test is over")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[SqlStore]:
    store = SqlStore(settings)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


def phone_of(number: int) -> str:
    return f"+9725010000{number:02}"


async def calls_are_over(store: SqlStore, *sids: str, area: str = "Haifa") -> None:
    """A call of each, of callers of their own."""
    for number, sid in enumerate(sids):
        known = json.dumps({"name": "Dana", "area": area})
        await store.write(
            [
                *a_call(sid, caller=Private(phone_of(number))),
                SlotsRow(sid, 1, 8, 3000, 2, 0, Private(known)),
            ]
        )
