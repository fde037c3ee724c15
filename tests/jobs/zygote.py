"""Run by tests: imports what a process of jobs imports, once, and then forks one for each line of JSON on its input.

A child is a real process with the real store, gate and jobs. At each point of its work it says so on a socket of the
test's and waits for the answer, so that a test can kill it exactly there:

    {"pid": 7, "call": "CA1", "point": "begin 2 leads.upsert"}   ->   "go" | "fail", or a kill

"begin" is before a step does anything: the step before it is recorded. "end" is when its effect has been made, and
nothing of it is recorded.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import trio

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.toolboxes import Toolboxes
from agentd.agents.workflows import AfterCall, Done
from agentd.config import Settings
from agentd.core.playbook import Playbook, Slot, Workflow
from agentd.core.workflows import Action, Later, Plan
from agentd.events import Private
from agentd.jobs.worker import Worker
from agentd.office import Note, Office
from agentd.store.sql_store import SqlStore, wall_ms

ACTIONS = ("summary.generate", "leads.upsert", "crm.update", "calls.log_create", "whatsapp.send")
PLAYBOOK = Playbook(
    name="office",
    language="en-US",
    persona="a secretary",
    greeting="hello",
    slots=(Slot("name", "name", "Name?"), Slot("area", "area", "Where?")),
    workflows=(
        Workflow(on="call-ended", do=ACTIONS, text="Thank you, {name}"),
        Workflow(on="call-ended", do=("leads.tag",), when=("slot:area=later",), text="follow-up", after_min=60),
    ),
)


class Line:
    """To the test, and its answers; one question at a time."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream, self._lock, self._buffer = stream, trio.Lock(), b""

    async def ask(self, **what: str) -> str:
        async with self._lock:
            await self._stream.send_all(json.dumps({"pid": os.getpid()} | what).encode() + b"\n")
            while b"\n" not in self._buffer:
                got = await self._stream.receive_some()
                if not got:
                    await trio.sleep_forever()
                self._buffer += got
            answer, _, self._buffer = self._buffer.partition(b"\n")
            return answer.decode()


class Provider:
    """WhatsApp at the other end of the line, which counts by the key."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def send(self, to: Private, text: str, key: str, *, template: str = "") -> Note:
        line = Line(await trio.open_tcp_stream("127.0.0.1", self._port))
        await line.ask(sent=key, text=text, to=to.text)
        return Note(f"msg-{key[:8]}", to, True, Private(text), wall_ms(), "queued")

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        return []


class Told:
    """The work after a call, which tells at each point where it is."""

    def __init__(self, work: AfterCall, port: int) -> None:
        self._work, self._port, self._numbers = work, port, dict[str, int]()

    async def _at(self, call_sid: str, point: str) -> str:
        line = Line(await trio.open_tcp_stream("127.0.0.1", self._port))
        return await line.ask(call=call_sid, point=point)

    async def plan(self, call_sid: str) -> Plan:
        await self._at(call_sid, "begin plan")
        made = await self._work.plan(call_sid)
        await self._at(call_sid, "end plan")
        return made

    async def still_wanted(self, call_sid: str, later: Later) -> bool:
        await self._at(call_sid, "begin still wanted")
        return await self._work.still_wanted(call_sid, later)

    async def act(self, call_sid: str, action: Action) -> Done:
        if await self._at(call_sid, f"begin {action.tool}") == "fail":
            return Done("failed", "the test wants it so")
        done = await self._work.act(call_sid, action)
        await self._at(call_sid, f"end {action.tool}")
        return done


async def work(told: dict[str, Any]) -> None:
    settings = Settings.of(state_dir=told["state_dir"], database_url=told["url"])
    store = SqlStore(settings)
    await store.open()
    office = Office(store.crm, store.calendar, Provider(told["port"]), store.files)
    approvals = ApprovalDesk(store, settings.approval_timeout_sec, wall_ms)
    toolboxes = Toolboxes(settings, [], office, store, approvals)
    work = AfterCall(store, toolboxes, lambda call: PLAYBOOK, can_message=True)
    worker = Worker(settings, store, Told(work, told["port"]), settled_s=0.0, waits_s=told["waits_s"])
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                async for _ in signals:
                    worker.stop()

            nursery.start_soon(watch)
            async with trio.open_nursery() as running:
                await running.start(worker.run)
                line = Line(await trio.open_tcp_stream("127.0.0.1", told["port"]))
                await line.ask(ready="yes")
            nursery.cancel_scope.cancel(reason="stopped")
    await store.aclose()


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.stdin.close()
            trio.run(work, json.loads(line))
            os._exit(0)
        print(pid, flush=True)


main()
