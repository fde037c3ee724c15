"""The live calls: from a media stream to its record. What goes wrong in a call stays in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import trio

from agentd.call.call import Call, House
from agentd.call.contain import contain
from agentd.call.echo import EchoCall
from agentd.call.reception import INTERNAL_ERROR, Admitted, Refused, receive_start
from agentd.core.history import History
from agentd.core.media_stream import Start
from agentd.core.playbook import Playbook
from agentd.errors import PluginFailed
from agentd.events import CallEnded, StreamRefused
from agentd.facts import CallFacts, CallRecord, Incoming
from agentd.media import MediaStream
from agentd.web.admission import Admissions

GOODBYE_S = 15.0  # for the goodbyes at the end of a drain
LOOK_S = 0.5
LOST = frozenset({"lost", "stalled-reader", "no-media", "crash"})  # streams that Twilio will ask us to resume


class Live(Protocol):
    """A call, whatever its mode."""

    facts: CallFacts

    async def run(self) -> object: ...
    def finish(self, reason: str) -> None: ...
    def end(self, reason: str) -> None: ...


class Switchboard:
    """`playbook` chooses one for a call; `no_media` is told of streams that are open and dead."""

    def __init__(
        self,
        house: House,
        admissions: Admissions,
        playbook: Callable[[Incoming], Playbook],
        no_media: Callable[[CallFacts], None],
    ) -> None:
        self._house = replace(house, ended=self._ended)
        self._admissions, self._playbook, self._no_media = admissions, playbook, no_media
        self.calls: dict[str, Live] = {}
        self._over: dict[str, CallRecord] = {}  # by stream: it is closed, and what the call has begun is being finished

    async def serve(self, stream: MediaStream, started: Callable[[MediaStream], None]) -> None:
        """One media stream, from `start` to the end. `started`: it no longer waits to say who it is."""
        admitted = await receive_start(stream, self._admit, self._house.settings.watchdog_start_sec)
        started(stream)
        if isinstance(admitted, Refused):
            sid = admitted.start.call_sid if admitted.start is not None else ""
            self._house.bus.house(StreamRefused(reason=admitted.reason, call_sid=sid))
            await stream.aclose(admitted.close)
            return
        try:
            await contain("call", self._run, stream, admitted)
        except PluginFailed as error:
            self._ended(CallRecord(admitted.facts, "crash", 0, 0, 0, 0.0, crash=repr(error.cause)))
            self._tell(admitted.facts)
            await stream.aclose(INTERNAL_ERROR)

    def end_call(self, call_sid: str, generation: int | None, reason: str) -> None:
        """End the stream of a call if one lives; generation None means any."""
        call = self.calls.get(call_sid)
        if call is not None and generation in (None, call.facts.generation):
            call.end(reason)

    async def drain(self, patience_s: float, still_here: Callable[[], object]) -> None:
        """Wait for the live calls, then say goodbye to the rest, then end them. `still_here` is called meanwhile."""
        with trio.move_on_after(patience_s):
            await self._empty(still_here)
        for call in list(self.calls.values()):
            call.finish("drain")
        with trio.move_on_after(GOODBYE_S):
            await self._empty(still_here)
        for call in list(self.calls.values()):
            call.end("drain")

    async def _empty(self, still_here: Callable[[], object]) -> None:
        while self.calls:
            still_here()
            await trio.sleep(LOOK_S)

    async def _run(self, stream: MediaStream, admitted: Admitted) -> None:
        call = self._make(stream, admitted)
        sid = call.facts.call_sid
        if (before := self.calls.get(sid)) is not None:
            before.end("superseded")
        self.calls[sid] = call
        try:
            await call.run()
        finally:
            if self.calls.get(sid) is call:
                del self.calls[sid]
            self._tell(call.facts)

    def _make(self, stream: MediaStream, admitted: Admitted) -> Live:
        facts = admitted.facts
        if self._house.settings.ws_mode == "ECHO":
            return EchoCall(self._house, stream, admitted)
        memory = self._admissions.memory(facts.call_sid)
        history = memory if isinstance(memory, History) else History()
        self._admissions.remember(facts, history)
        playbook = self._playbook(Incoming(facts.call_sid, facts.caller, facts.called))
        return Call(self._house, stream, admitted, playbook, history)

    def _admit(self, start: Start) -> CallFacts:
        return self._admissions.admit(start, trio.current_time())

    def _ended(self, record: CallRecord) -> None:
        """Its stream is about to be closed: what Twilio asks next must find the truth."""
        facts, now = record.facts, trio.current_time()
        self._over[facts.stream_sid] = record
        if record.reason == "no-media":
            self._no_media(facts)
        (self._admissions.lost if record.reason in LOST else self._admissions.ended)(facts, now)

    def _tell(self, facts: CallFacts) -> None:
        """It has ended, and so has every effect of its tools: what comes after a call may begin."""
        record = self._over.pop(facts.stream_sid, None)
        if record is None:
            return
        self._house.bus.house(
            CallEnded(
                call_sid=facts.call_sid,
                reason=record.reason,
                duration_s=round(record.duration_s, 1),
                turns=record.turns,
                crash=record.crash,
                generation=facts.generation,
            )
        )
