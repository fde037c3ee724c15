"""WhatsApp through Twilio: the office's `Messenger`, and what becomes of its messages (SPEC 9.1, TWILIO 7).

| step             | in the log | then                                                                              |
|------------------|------------|-----------------------------------------------------------------------------------|
| kept, by its key | "sending"  | who keeps it first sends it; all others get it back as it is                      |
| taken by Twilio  | "queued"   | callbacks: "sent", "delivered", "read", or "failed" (63016 comes in this way)     |
| refused          | "failed"   | `NotAllowed`, with the cure; the same key is refused again                        |
| never got there  | "sending"  | `OfficeError`; the same key, in this process, is sent                             |
| nobody knows     | "sending"  | returned so, and never sent again: a callback, which names our id, tells if it was |

Twilio knows no idempotency keys, so between "twice" and "perhaps not at all" this chooses the latter.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import quote

import trio

from agentd.config import Settings
from agentd.core.whatsapp import WINDOW_MS, status_of
from agentd.errors import PeerError
from agentd.events import Event, Private
from agentd.events_beside import MessageStatus
from agentd.office import MessageLog, NotAllowed, Note, OfficeError
from agentd.storage import StoreError
from agentd.web.twilio_rest import UNKNOWN, Outgoing, Told, TwilioMessages

BODY_CHARS: Final = 1600
_REAL_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}")
_LATER: Final = frozenset({"twilio-unreachable", "twilio-20429", "twilio-429"})  # it did not get there
_CURES: Final = {
    "twilio-63007": "TWILIO_WHATSAPP_FROM is no WhatsApp sender of this account: take one from the Twilio console",
    "twilio-63016": "more than 24 hours since their last message: a template is needed",
    "twilio-20003": "Twilio does not know these credentials: see TWILIO_AUTH_TOKEN",
    "twilio-21211": "that is no number that WhatsApp knows",
}
_THREAD: Final = 200  # messages looked through for their last one
_REMEMBERED: Final = 1000  # messages that never got there
_WAITING: Final = 1000  # callbacks
_AGAIN_S: Final = (1.0, 10.0, 60.0)  # for a store that cannot write now

STATUS_PATH: Final = "/webhook/twilio/whatsapp/status"


def messenger_of(
    settings: Settings, log: MessageLog, twilio: TwilioMessages | None, emit: Callable[[Event], None]
) -> TwilioMessenger | None:
    """The messenger of these settings; None without an account for it. A process without a front door of its own may
    have one, too: what Twilio reports reaches the daemon at the public address, and the log that both share."""
    sender, base = settings.twilio_whatsapp_from, settings.public_base_url
    if settings.whatsapp_provider != "twilio" or not sender or twilio is None:
        return None
    return TwilioMessenger(log, twilio, sender, base + STATUS_PATH if base else "", emit)


class TwilioMessenger:
    """`sender`: our number, or a messaging service. `status_url`: where Twilio reports, without our id; "": nowhere.
    `run` must run for what Twilio reports to reach the log."""

    def __init__(
        self,
        log: MessageLog,
        twilio: TwilioMessages,
        sender: str,
        status_url: str,
        emit: Callable[[Event], None],
        now_ms: Callable[[], int] = lambda: round(time.time() * 1000),
    ) -> None:
        self._log, self._twilio, self._status_url, self._emit = log, twilio, status_url, emit
        self._sender = f"whatsapp:{sender}" if sender.startswith("+") else sender
        self._now_ms = now_ms
        self._not_sent: OrderedDict[str, None] = OrderedDict()
        self._told, self._to_do = trio.open_memory_channel[Told](_WAITING)

    async def send(self, to: Private, text: str, key: str, *, template: str = "") -> Note:
        """See the port and the table. Cancel: the outcome is unknown, and a callback tells."""
        if not _REAL_NUMBER.fullmatch(to.text):
            raise NotAllowed("that is no number in the international form")
        free = text and len(text) <= BODY_CHARS and await self._window_is_open(to)
        if not free and not template:
            raise NotAllowed(_CURES["twilio-63016"] if len(text) <= BODY_CHARS else f"over {BODY_CHARS} characters")
        fresh = Note(secrets.token_hex(16), to, True, Private(text), self._now_ms(), "sending")
        kept = await self._log.keep(fresh, key)
        if kept.status == "failed":
            raise NotAllowed("it was refused before")
        if kept.id != fresh.id and not self._take_over(kept.id):
            return kept
        return await self._request(kept, "" if free else template)

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        return await self._log.thread(phone, limit)

    def told(self, told: Told) -> bool:
        """Twilio reports. Synchronous; False when too much waits, and Twilio is to ask again."""
        try:
            self._told.send_nowait(told)
        except trio.WouldBlock:
            return False
        return True

    async def run(self) -> None:
        """Writes what Twilio reports. Cancel: what waits is lost; Twilio was told that it arrived."""
        async for told in self._to_do:
            await self._write(told)

    # --- within

    async def _window_is_open(self, phone: Private) -> bool:
        notes = await self._log.thread(phone, _THREAD)
        last_ms = max((note.at_ms for note in notes if not note.ours), default=0)
        return self._now_ms() - last_ms < WINDOW_MS

    def _take_over(self, id: str) -> bool:
        """Whether this message surely never got there, and is ours to send again."""
        if id not in self._not_sent:
            return False
        del self._not_sent[id]
        return True

    async def _request(self, note: Note, template: str) -> Note:
        outgoing = Outgoing(
            to=f"whatsapp:{note.phone.text}",
            sender=self._sender,
            body=note.text.text,
            content_sid=template,
            status_url=f"{self._status_url}?note={quote(note.id)}" if self._status_url else "",
        )
        try:
            sid = await self._twilio.send_message(outgoing)
        except PeerError as error:
            return await self._failed(note, error.code)
        self._emit(MessageStatus(message=note.id, status="queued"))
        return await self._log.set_status(note.id, "queued", provider_id=sid) or replace(note, status="queued")

    async def _failed(self, note: Note, code: str) -> Note:
        word = code.removeprefix("twilio-")
        if code == UNKNOWN:
            self._emit(MessageStatus(message=note.id, status="unknown", error=word))
            return note
        if code in _LATER:
            self._not_sent[note.id] = None
            if len(self._not_sent) > _REMEMBERED:
                self._not_sent.popitem(last=False)
            raise OfficeError("WhatsApp cannot be reached now")
        self._emit(MessageStatus(message=note.id, status="failed", error=word))
        await self._log.set_status(note.id, "failed")
        raise NotAllowed(_CURES.get(code, f"Twilio refused it ({word})"))

    async def _write(self, told: Told) -> None:
        status = status_of(told.status)
        if status and status != "queued":  # that was said when it was sent
            self._emit(MessageStatus(message=told.note or told.sid, status=status, error=told.error))
        for pause_s in (*_AGAIN_S, None):
            try:
                await self._log.set_status(told.note or told.sid, status, provider_id=told.sid)
            except (StoreError, OfficeError):
                if pause_s is None:
                    self._emit(MessageStatus(message=told.note or told.sid, status="lost", error="store"))
                    return
                await trio.sleep(pause_s)
            else:
                return
