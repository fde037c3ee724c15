"""Calls that are handed over: where they go is decided and stored before anything is done about it (SPEC 1.4, 6.5).

    call.hand_over -> decide: the plan, its document stored        (synchronous; whoever asks later gets that document)
                   -> the call says its phrase and ends its stream
                   -> Twilio asks `stream_ended`, and is answered with the document
                   -> if it has not asked 3 s after the stream: the document is given to it by REST

A warm transfer calls the person beside that, tells them what it is about, and brings them into the caller's room. When
they do not answer, the caller is taken out of it, to the voicemail.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import trio

from agentd.core.handover import Plan, To, plan
from agentd.core.playbook import Playbook
from agentd.core.twiml import StreamTo
from agentd.errors import PeerError
from agentd.events import Private
from agentd.events_beside import DialEnded
from agentd.facts import CallFacts
from agentd.web.answers import Answers
from agentd.web.door import Door

_LOOK_S: Final = 0.5
_LOOKS: Final = 60  # no phrase of ours is longer than 30 s; a stream that lives on is stopped by the REST call
# Twilio asks within a round trip of the stream's end.
_ASKS_WITHIN_S: Final = 3.0
# Errands waiting for the task; more than there are calls.
_WAITING: Final = 5000
_NOT_REACHED: Final = frozenset({"busy", "failed", "no-answer", "canceled"})


def utc_now() -> datetime:
    return datetime.now(UTC)


class Transfers:
    """One for the house. `now`: the wall clock, in any zone."""

    def __init__(self, door: Door, answers: Answers, now: Callable[[], datetime] = utc_now) -> None:
        self._door, self._answers, self._now = door, answers, now
        self._send, self._receive = trio.open_memory_channel[Callable[[], Awaitable[None]]](_WAITING)

    def decide(self, facts: CallFacts, playbook: Playbook, summary: Private) -> Plan:
        """Who takes this call; its document is stored when this returns. `summary`: for a warm transfer."""
        settings = self._door.settings
        warm = settings.warm_transfer and self._door.rest is not None
        prefixes = settings.transfer_prefixes
        try:
            local = self._now().astimezone(ZoneInfo(playbook.timezone))
            made = plan(playbook, local, settings.fallback_number, prefixes, warm=warm)
        except (ValueError, KeyError):  # a plugin's playbook: hours or a zone that nobody can read
            made = Plan(To.VOICEMAIL, note="hours unreadable")
        to = self._door.signatures.own_origin()
        document = self._answers.handed_over(to, made, playbook, facts.call_sid)
        self._door.admissions.decide(facts.call_sid, document)
        self._soon(partial(self._see_through, facts.call_sid, document))
        if made.to is To.PERSON_WARM:
            whisper = self._answers.whisper(summary.text, playbook.language, facts.call_sid)
            self._soon(partial(self._call_person, facts, made.number, whisper, to))
        return made

    def person_called(self, call_sid: str, status: str, to: StreamTo) -> None:
        """Twilio says how the call to the person of a warm transfer ended. Told again, it changes nothing more."""
        if status in _NOT_REACHED:
            self._not_reached(call_sid, status, to)

    async def run(self) -> None:
        """Cancel: what is under way is dropped; the stored documents answer for it."""
        async with trio.open_nursery() as nursery:
            async for errand in self._receive:
                nursery.start_soon(errand)

    async def _see_through(self, call_sid: str, document: bytes) -> None:
        """The stored document reaches Twilio, whether it asks or not."""
        admissions = self._door.admissions
        for _ in range(_LOOKS):
            if not admissions.is_live(call_sid):
                break
            await trio.sleep(_LOOK_S)
        await trio.sleep(_ASKS_WITHIN_S)
        if not admissions.told(call_sid):
            await self._give(call_sid, document)

    async def _call_person(self, facts: CallFacts, number: str, whisper: bytes, to: StreamTo) -> None:
        status_url = f"{to.base}/webhook/person_called?call={quote(facts.call_sid)}"
        assert self._door.rest is not None
        try:
            await self._door.rest.call(number, facts.called, whisper, status_url)
        except PeerError as error:
            self._not_reached(facts.call_sid, error.code, to)

    def _not_reached(self, call_sid: str, status: str, to: StreamTo) -> None:
        document = self._answers.voicemail(to)
        if self._door.admissions.decide(call_sid, document):
            self._door.emit_house(DialEnded(call_sid=call_sid, status=status, then="voicemail"))
            if not self._door.admissions.is_live(call_sid):  # else it is asked for when the stream ends
                self._soon(partial(self._give, call_sid, document))

    async def _give(self, call_sid: str, document: bytes) -> None:
        if self._door.rest is not None:
            try:
                await self._door.rest.run_twiml(call_sid, document)
            except PeerError:
                self._door.counts["transfer_failed_total"] += 1

    def _soon(self, errand: Callable[[], Awaitable[None]]) -> None:
        try:
            self._send.send_nowait(errand)
        except trio.WouldBlock:
            self._door.counts["transfers_full_total"] += 1
