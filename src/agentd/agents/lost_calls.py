"""Callers whose call broke off for good get one WhatsApp message (SPEC 4.6, 1.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

import trio

from agentd.core.losses import Losses, Seen
from agentd.core.playbook import Playbook
from agentd.events import Event, Recorded
from agentd.events_beside import CallLost
from agentd.office import Messenger, NotAllowed, OfficeError
from agentd.storage import StoreError

HELPED_WITHIN_S: Final = 30.0  # a message left at the end of the call is told by then
AGAIN_S: Final = (10.0, 60.0, 600.0)  # when it cannot be sent now
# What the template says, for the thread, and in the 24 hours in place of it; by primary language.
_WORDS: Final = {
    "he": "השיחה שלנו נקטעה באמצע, ומצטערים על כך. אפשר להמשיך כאן, או להתקשר אלינו שוב.",
    "en": "Our call broke off, and we are sorry. You can go on here, or call us again.",
}


class LostCalls:
    """A `Subscriber` of the house. `playbook`: the configured one; with workflows of its own for "call-lost", the jobs
    after a call do what is to be done, and this does nothing. `template`: LOST_CALL_CONTENT_SID."""

    name = "lost-calls"

    def __init__(
        self,
        messenger: Callable[[], Messenger],
        playbook: Callable[[], Playbook],
        template: str,
        emit: Callable[[Event], None],
    ) -> None:
        self._messenger, self._playbook, self._template, self._emit = messenger, playbook, template, emit
        self._losses = Losses()

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        """Until the tapes end. Cancel: a caller who was to be told is not; the key keeps it to one message."""
        async with trio.open_nursery() as nursery:
            async for recorded in tape:
                lost = self._losses.see(recorded.event, recorded.call_sid, recorded.generation)
                if lost is not None:
                    nursery.start_soon(self._tell, lost)
            nursery.cancel_scope.cancel(reason="the tapes have ended")

    async def _tell(self, call: Seen) -> None:
        await trio.sleep(HELPED_WITHIN_S)
        self._emit(CallLost(call_sid=call.call_sid, told=await self._told(call)))

    async def _told(self, call: Seen) -> str:
        playbook = self._playbook()
        if self._losses.helped(call.call_sid):
            return "helped"
        if any(workflow.on == "call-lost" for workflow in playbook.workflows):
            return "workflow"
        if not self._template:
            return "off"
        language = playbook.language.partition("-")[0]
        text = playbook.phrase("lost-call") or _WORDS.get(language, _WORDS["en"])
        for pause_s in (*AGAIN_S, None):
            try:
                await self._messenger().send(call.caller, text, f"call-lost:{call.call_sid}", template=self._template)
            except NotAllowed:
                return "not-allowed"
            except (OfficeError, StoreError):
                if pause_s is None:
                    return "failed"
                await trio.sleep(pause_s)
            else:
                return "sent"
        raise AssertionError("unreachable")
