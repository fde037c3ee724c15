"""What Twilio is told when a stream has ended: nothing more, a transfer, resume, or the fallback (SPEC 1.4)."""

from __future__ import annotations

from agentd.core import twiml
from agentd.core.twiml import StreamTo
from agentd.facts import Incoming
from agentd.web.admission import After
from agentd.web.answers import Answers
from agentd.web.door import Door


def after_stream(door: Door, answers: Answers, incoming: Incoming, status: str, to: StreamTo) -> tuple[bytes, str]:
    """The document and a word for the event. Never an empty body: a 204 here is Twilio's error 12100."""
    decided = door.admissions.after_stream(incoming, door.clock(), status=status)
    document: bytes
    if decided.ticket is not None:
        document = answers.connect(to, decided.ticket)
    elif decided.what is After.DECIDED:
        document = decided.document
    elif decided.what is After.FALLBACK:
        document = answers.fallback(to)
    else:
        document = twiml.done()
    return document, decided.what.value
