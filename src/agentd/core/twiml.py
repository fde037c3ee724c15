"""The TwiML documents that agentd answers with, as bytes that begin with `<?xml` (SPEC 1.1-1.5, 1.12, 1.13).

Twilio reads a document of another content type aloud and calls broken XML error 12100, so nothing here is put
together by hand: `_element` escapes, and characters that XML 1.0 cannot hold are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

CONTENT_TYPE = "application/xml; charset=utf-8"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Twilio: name + value of a <Parameter> stay under 500 characters.
_PARAMETER_CHARS = 499
# How long a transfer rings before the caller gets the action URL back.
_RING_S = 25
# A voicemail: long enough for a name, a number and a wish.
_VOICEMAIL_S = 120


@dataclass(frozen=True, slots=True)
class Speech:
    """Something Twilio says for us: a cached phrase by URL, or else text in Twilio's own voice."""

    text: str
    language: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class StreamTo:
    """Where the stream goes. `base` without trailing slash, with scheme; `host` without scheme."""

    base: str
    host: str

    @property
    def url(self) -> str:
        return f"wss://{self.host}/ws/twilio-media"


def connect(to: StreamTo, parameters: Mapping[str, str], first: Speech | None = None) -> bytes:
    """Connect the call to our media stream, after `first` if there is one. What follows when the stream ends is
    decided by the `action` URL; verbs behind `</Connect>` would never be reached."""
    stream = _element(
        "Stream",
        {
            "url": to.url,
            "statusCallback": f"{to.base}/webhook/stream_status",
            "statusCallbackMethod": "POST",
        },
        *(_parameter(name, value) for name, value in parameters.items()),
    )
    connect_verb = _element("Connect", {"action": f"{to.base}/webhook/stream_ended", "method": "POST"}, stream)
    return _response(*_said(first), connect_verb)


def done() -> bytes:
    """Nothing more to do: Twilio hangs up."""
    return _response()


def busy(message: Speech, fallback_number: str = "") -> bytes:
    """A call that is not taken: put through to `fallback_number`, or told politely and ended."""
    if fallback_number:
        return _response(_dial(fallback_number))
    return _response(*_said(message), _element("Hangup"))


def transfer(number: str, action: str, caller_id: str = "") -> bytes:
    """Put the call through to a person; `action` is asked when that ends."""
    return _response(_dial(number, action=action, caller_id=caller_id))


def meet(room: str, action: str) -> bytes:
    """Let the caller wait, with music, for the person whom `whisper` brings into the same room. The room ends with
    either of them; `action` is asked when it has."""
    conference = _element("Conference", {"beep": "false", "endConferenceOnExit": "true"}, escape(_clean(room)))
    return _response(_element("Dial", {"action": action, "method": "POST"}, conference))


def whisper(summary: Speech, room: str) -> bytes:
    """For the person who takes a call over: what it is about, which the caller does not hear, then the caller."""
    conference = _element("Conference", {"beep": "false", "endConferenceOnExit": "true"}, escape(_clean(room)))
    return _response(*_said(summary), _element("Dial", {}, conference))


def voicemail(message: Speech, recording_url: str) -> bytes:
    """Ask for a message after the tone, and record it. `recording_url` is asked when it is over, and told when it
    can be fetched."""
    return _response(*_said(message), _record(recording_url))


def fallback(apology: Speech, fallback_number: str, recording_url: str, action: str) -> bytes:
    """The agent cannot be reached: apologise, then the fallback number (`action` is asked when that ends), or a
    voicemail without one."""
    if fallback_number:
        return _response(*_said(apology), _dial(fallback_number, action=action))
    return voicemail(apology, recording_url)


def thanks(message: Speech) -> bytes:
    """After a voicemail: thank and hang up."""
    return _response(*_said(message), _element("Hangup"))


def _dial(number: str, action: str = "", caller_id: str = "") -> str:
    attributes = {"timeout": str(_RING_S), "answerOnBridge": "true"}
    if action:
        attributes |= {"action": action, "method": "POST"}
    if caller_id:
        attributes["callerId"] = caller_id
    return _element("Dial", attributes, _element("Number", {}, escape(_clean(number))))


def _record(recording_url: str) -> str:
    attributes = {
        "action": recording_url,
        "method": "POST",
        "recordingStatusCallback": recording_url,
        "recordingStatusCallbackMethod": "POST",
        "maxLength": str(_VOICEMAIL_S),
        "playBeep": "true",
    }
    return _element("Record", attributes)


def _said(speech: Speech | None) -> tuple[str, ...]:
    if speech is None:
        return ()
    if speech.url is not None:
        return (_element("Play", {}, escape(_clean(speech.url))),)
    return (_element("Say", {"language": speech.language}, escape(_clean(speech.text))),) if speech.text else ()


def _parameter(name: str, value: str) -> str:
    return _element("Parameter", {"name": name, "value": value[: _PARAMETER_CHARS - len(name)]})


def _response(*verbs: str) -> bytes:
    return (_DECLARATION + _element("Response", {}, *verbs)).encode()


def _element(name: str, attributes: Mapping[str, str] | None = None, *inner: str) -> str:
    """`inner` is XML already; attribute values are text."""
    head = name + "".join(f" {key}={quoteattr(_clean(value))}" for key, value in (attributes or {}).items())
    return f"<{head}>{''.join(inner)}</{name}>" if inner else f"<{head}/>"


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
