"""What each Twilio webhook does: fields in, an answer out (SPEC 1.1-1.5). Synchronous, so a webhook never waits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentd.core import twiml
from agentd.core.twiml import StreamTo
from agentd.events import Private, Webhook
from agentd.events_beside import DialEnded
from agentd.facts import Incoming
from agentd.web.admission import FINAL_STATUSES, Refusal, Ticket
from agentd.web.answers import Answers
from agentd.web.door import Door, Recording
from agentd.web.signatures import Form
from agentd.web.status_queue import Status, StatusQueue
from agentd.web.stream_ended import after_stream
from agentd.web.transfer import Transfers
from agentd.web.twilio_rest import Told

_SID = re.compile(r"[A-Za-z0-9_-]{1,64}")
TEXT_XML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `note`: why, for the event; not sent."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    note: str = ""


def _document(body: bytes, note: str = "", content_type: str = twiml.CONTENT_TYPE) -> Answer:
    return Answer(200, body, content_type, note)


class Webhooks:
    """The handlers. `statuses.run` must be running for status callbacks to have an effect."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.answers = Answers(door)
        self.transfers = Transfers(door, self.answers)
        self.statuses = StatusQueue(self._apply)

    def incoming_call(self, form: Form, to: StreamTo) -> Answer:
        incoming = _incoming(form)
        if incoming is None:
            return Answer(400, note="no CallSid")
        sentence = self._door.refuse_call(incoming)
        if sentence is not None:
            return _document(self.answers.busy(to, sentence), "refused: plugin")
        greeting, verbs_s = self.answers.greeting(to)
        ticket = self._door.admissions.invite(incoming, self._door.clock(), verbs_s=verbs_s)
        if isinstance(ticket, Refusal):
            self._door.counts[f"refused_{ticket.value}_total"] += 1
            return _document(self.answers.busy(to), f"refused: {ticket.value}")
        return _document(self.answers.connect(to, ticket, greeting))

    def preview(self, to: StreamTo) -> Answer:
        """The same document with placeholders; its token opens nothing."""
        ticket = Ticket("CA" + "0" * 32, "preview", Private("+10000000000"), "+10000000001")
        greeting, _ = self.answers.greeting(to)
        return _document(self.answers.connect(to, ticket, greeting))

    def call_status(self, form: Form, to: StreamTo) -> Answer:
        number = form.get("SequenceNumber")
        order = (int(number) if number.isdecimal() and len(number) < 10 else 0, "")
        return self._queue(Status("call", form.get("CallSid"), order, form.get("CallStatus")))

    def stream_status(self, form: Form, to: StreamTo) -> Answer:
        order = (0, form.get("Timestamp"))
        event, detail = form.get("StreamEvent"), form.get("StreamError")
        return self._queue(Status("stream", form.get("CallSid"), order, event, detail))

    def _queue(self, status: Status) -> Answer:
        if not _SID.fullmatch(status.call_sid):
            return Answer(400, note="no CallSid")
        if not self.statuses.offer(status):
            self._door.counts["status_queue_full_total"] += 1
            return Answer(503, note="queue full")
        return Answer(204)

    def _apply(self, status: Status) -> None:
        """A status that is news, in order."""
        reason = f"{status.status}: {status.detail}" if status.detail else status.status
        self._door.emit_house(
            Webhook(path=f"/webhook/{status.what}_status", status=204, reason=reason[:200], call_sid=status.call_sid)
        )
        if status.final:
            self._door.admissions.final(status.call_sid, self._door.clock())
            self._door.end_call(status.call_sid, None, f"call-{status.status}")

    def stream_ended(self, form: Form, to: StreamTo) -> Answer:
        incoming = _incoming(form)
        if incoming is None:
            return Answer(400, note="no CallSid")
        body, note = after_stream(self._door, self.answers, incoming, form.get("CallStatus"), to)
        return _document(body, note, TEXT_XML)

    def dial_ended(self, form: Form, to: StreamTo) -> Answer:
        """Nobody answered: the caller may leave a message. Computed from the form alone, so that a retry gets the same
        answer."""
        call_sid, status = form.get("CallSid"), form.get("DialCallStatus")[:32]
        if not _SID.fullmatch(call_sid):
            return Answer(400, note="no CallSid")
        over = status in ("completed", "answered") or form.get("CallStatus") in FINAL_STATUSES
        then = "done" if over else "voicemail"
        self._door.emit_house(DialEnded(call_sid=call_sid, status=status, then=then))
        return _document(twiml.done() if over else self.answers.voicemail(to), status, TEXT_XML)

    def person_called(self, form: Form, to: StreamTo) -> Answer:
        """How the call to the person of a warm transfer ended; `call` names the caller's."""
        call_sid, status = form.get("call"), form.get("CallStatus")[:32]
        if not _SID.fullmatch(call_sid):
            return Answer(400, note="no call")
        self.transfers.person_called(call_sid, status, to)
        return Answer(204, note=status)

    def whatsapp_status(self, form: Form, to: StreamTo) -> Answer:
        """What became of a message of ours; `note` is our id of it."""
        sid, note = form.get("MessageSid"), form.get("note")
        if not _SID.fullmatch(sid) or (note and not _SID.fullmatch(note)):
            return Answer(400, note="no MessageSid")
        told = Told(note, sid, form.get("MessageStatus")[:32], form.get("ErrorCode")[:16])
        return Answer(204) if self._door.message_told(told) else Answer(503, note="queue full")

    def handle_recording(self, form: Form, to: StreamTo) -> Answer:
        """A status callback says RecordingStatus; the `action` of a <Record> does not."""
        sid, status = form.get("RecordingSid"), form.get("RecordingStatus")
        if _SID.fullmatch(sid) and _SID.fullmatch(form.get("CallSid")):
            self._door.keep_recording(
                Recording(
                    call_sid=form.get("CallSid"),
                    recording_sid=sid,
                    url=form.get("RecordingUrl")[:1000],
                    status=status[:32],
                    duration_s=_number(form.get("RecordingDuration")),
                    channels=_number(form.get("RecordingChannels")),
                    source=form.get("RecordingSource")[:64],
                    error_code=form.get("ErrorCode")[:16],
                )
            )
        if status:
            return Answer(204, note=status[:32])
        return _document(self.answers.thanks(to))


def _incoming(form: Form) -> Incoming | None:
    call_sid = form.get("CallSid")
    if not _SID.fullmatch(call_sid):
        return None
    return Incoming(call_sid, Private(form.get("From")[:128] or "anonymous"), form.get("To")[:128])


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None
