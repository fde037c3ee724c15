"""Calls whose stream does not come, or comes without sound, are redirected once to resume, then to the fallback.

SPEC 1.13. A socket that is gone is none of its business: then Twilio asks `stream_ended`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import trio

from agentd.errors import PeerError
from agentd.events import Watchdog as WatchdogEvent
from agentd.facts import CallFacts
from agentd.web.answers import Answers
from agentd.web.door import Door

# How often it looks; the deadlines themselves are seconds.
_LOOK_S: Final = 0.5
# Reports waiting for the task; one call reports at most twice.
_REPORTS: Final = 1000


class Watchdog:
    """One task for the house. `no_media` may be called from anywhere on the loop."""

    def __init__(self, door: Door, answers: Answers) -> None:
        self._door = door
        self._answers = answers
        self._send, self._receive = trio.open_memory_channel[tuple[str, int]](_REPORTS)

    def no_media(self, facts: CallFacts) -> None:
        """A stream is open, but nothing has come for `watchdog_media_sec`. Stale streams and repeats do nothing."""
        attempt = self._door.admissions.silent(facts)
        if attempt is not None:
            try:
                self._send.send_nowait((facts.call_sid, attempt))
            except trio.WouldBlock:
                self._door.counts["watchdog_full_total"] += 1

    async def run(self) -> None:
        """Cancel: redirects under way are dropped."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look, nursery)
            async for call_sid, attempt in self._receive:
                nursery.start_soon(partial(self._redirect, "no-media", call_sid, attempt))

    async def _look(self, nursery: trio.Nursery) -> None:
        while True:
            for call_sid, attempt in list(self._door.admissions.overdue(self._door.clock())):
                nursery.start_soon(partial(self._redirect, "no-start", call_sid, attempt))
            await trio.sleep(_LOOK_S)

    async def _redirect(self, what: str, call_sid: str, attempt: int) -> None:
        self._door.emit_house(WatchdogEvent(what=what, action=await self._act(call_sid, attempt), call_sid=call_sid))

    async def _act(self, call_sid: str, attempt: int) -> str:
        rest, to = self._door.rest, self._door.signatures.own_origin()
        if rest is None:
            return "none: no credentials"
        if attempt == 0:
            ticket = self._door.admissions.resume_ticket(call_sid, self._door.clock())
            if ticket is None:
                return "none: over"
            action, document = "resume", self._answers.connect(to, ticket)
        else:
            action, document = "fallback", self._answers.fallback(to)
            self._door.admissions.decide(call_sid, document)
        try:
            going_on = await rest.run_twiml(call_sid, document)
        except PeerError as error:
            return f"{action} failed: {error.code}"
        if not going_on:
            self._door.admissions.final(call_sid, self._door.clock())
            return "none: over"
        return action
