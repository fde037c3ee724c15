"""Events of what becomes of a call beside the conversation: handed over, recorded, lost, written to."""

from __future__ import annotations

from agentd.events import Event

# --- one call


class HandedOver(Event, frozen=True, kw_only=True):
    """The call goes to somebody else. `to`: "person", "person-warm" or "voicemail"; `note`: why nobody is dialled."""

    name = "HANDOVER"
    why: str  # "asked", "not-understood", "governor", "no-model", "operator"
    to: str
    note: str = ""


class RecordingState(Event, frozen=True, kw_only=True):
    """`state`: "announced", "recording", "paused", "refused", or "failed" (`why`: the error's code). `where`: "twilio",
    "local", or "" for the consent itself."""

    name = "RECORDING_STATE"
    state: str
    where: str = ""
    why: str = ""


# --- the house


class DialEnded(Event, frozen=True, kw_only=True):
    """A person was dialled for a call that was handed over. `status`: Twilio's word for how that ended; `then`: what
    the caller got, "done" or "voicemail"."""

    name = "DIAL_ENDED"
    call_sid: str
    status: str
    then: str


class CallLost(Event, frozen=True, kw_only=True):
    """A call broke off for good, and the caller had spoken. `told`: "sent", or why no message was."""

    name = "CALL_LOST"
    call_sid: str
    told: str


class MessageStatus(Event, frozen=True, kw_only=True):
    """What became of a WhatsApp message of ours. `error`: Twilio's number, or a word."""

    name = "MESSAGE_STATUS"
    message: str
    status: str
    error: str = ""
