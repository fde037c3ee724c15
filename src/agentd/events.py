"""Every event that agentd emits: frozen, typed, and named as SPEC 11.2 names them.

A call emits them on its tape (`call.tape`), synchronously; logs, metrics, the recorder and tests subscribe. A field
that holds what a person said or their number is `Private`: its repr hides it, and a log shows it only on request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec


@dataclass(frozen=True, slots=True)
class Private:
    """Text of or about a person. `str()` and `repr()` hide it; `.text` is a decision to read it."""

    text: str

    def __repr__(self) -> str:
        return f"Private({len(self.text)} chars)"

    __str__ = __repr__


NOTHING = Private("")
"""For what is not known of a person."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events. `name` is the word in logs, on the tape and in `agentd diagnose`."""

    name: ClassVar[str] = "EVENT"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            raise TypeError(f"{cls.__name__} has no event name")


class Recorded(msgspec.Struct, frozen=True):
    """An event on the tape of one call. `at_ms`: since the call object was made, by the monotonic clock.
    `frame`: media frames (20 ms) heard by then, so that a replay can apply it at the same point."""

    call_sid: str
    generation: int
    seq: int
    at_ms: int
    frame: int
    event: Event


# --- the house


class Ready(Event, frozen=True, kw_only=True):
    name = "READY"
    version: str
    address: str
    stt: tuple[str, ...]
    llm: tuple[str, ...]
    tts: tuple[str, ...]
    plugins: tuple[str, ...]
    profile: str
    signatures: bool


class WsHandshake(Event, frozen=True, kw_only=True):
    name = "WS_HANDSHAKE"
    path: str
    offered: tuple[str, ...]
    selected: str | None
    signature: str  # "valid", "missing", "wrong", "off"
    refused: str | None  # the reason, or None when it was accepted
    door: str = "fast"  # "slow": through Quart


class Webhook(Event, frozen=True, kw_only=True):
    name = "WEBHOOK"
    path: str
    status: int
    reason: str = ""
    call_sid: str = ""


class Watchdog(Event, frozen=True, kw_only=True):
    name = "WATCHDOG"
    what: str  # "no-start", "no-media", "loop-stall"
    action: str
    call_sid: str = ""


class StreamRefused(Event, frozen=True, kw_only=True):
    """A media stream that never became a call."""

    name = "STREAM_REFUSED"
    reason: str
    call_sid: str = ""


class CallEnded(Event, frozen=True, kw_only=True):
    """The record of one stream, from the supervisor; `crash` names a bug of ours."""

    name = "CALL_ENDED"
    call_sid: str
    reason: str
    duration_s: float
    turns: int
    crash: str | None = None
    generation: int = 1


class RecordingKnown(Event, frozen=True, kw_only=True):
    """Twilio told us of a recording of a call."""

    name = "RECORDING"
    call_sid: str
    recording_sid: str
    status: str
    duration_s: int | None = None
    voicemail: bool = False  # a message that was left for us; else a recording of the conversation


class PlaybookChanged(Event, frozen=True, kw_only=True):
    """The playbook's file changed: calls that begin from now on use it."""

    name = "PLAYBOOK_CHANGED"
    playbook: str


class PlaybookRefused(Event, frozen=True, kw_only=True):
    """The playbook's file changed and cannot be used; calls go on with the last one that was whole."""

    name = "PLAYBOOK_REFUSED"
    where: str
    key: str
    problem: str
    cure: str


class PluginFailure(Event, frozen=True, kw_only=True):
    name = "PLUGIN_FAILED"
    plugin: str
    error: str


# --- one call


class WsStart(Event, frozen=True, kw_only=True):
    name = "WS_START"
    stream_sid: str
    mode: str
    caller: Private
    called: str


class WsMedia(Event, frozen=True, kw_only=True):
    name = "WS_MEDIA"
    rx: int


class WsTx(Event, frozen=True, kw_only=True):
    name = "WS_TX"
    tx: int


class WsDone(Event, frozen=True, kw_only=True):
    name = "WS_DONE"
    rx: int
    tx: int
    reason: str
    turns: int = 0


class WsKeepalive(Event, frozen=True, kw_only=True):
    name = "WS_KEEPALIVE"
    mark: str


class BadInput(Event, frozen=True, kw_only=True):
    name = "BAD_INPUT"
    kind: str  # "json", "base64", "binary", "order", "stream-sid", "unknown", "mark", "size", "timestamp"
    count: int


class StateChange(Event, frozen=True, kw_only=True):
    name = "STATE_CHANGE"
    old: str
    new: str
    cause: str


class Calibrated(Event, frozen=True, kw_only=True):
    name = "CALIBRATED"
    noise: float
    threshold: float


class EndOfUtterance(Event, frozen=True, kw_only=True):
    name = "EOU"
    length_ms: int
    silence_ms: int
    reason: str  # "silence", "debounce", "timeout"


class AsrText(Event, frozen=True, kw_only=True):
    name = "ASR_TEXT"
    length: int
    latency_ms: int | None
    final: bool
    text: Private


class CallerSaid(Event, frozen=True, kw_only=True):
    """The text of one turn of the caller, as it was taken (or corrected later, `late`)."""

    name = "CALLER_SAID"
    turn: int
    from_ms: int
    until_ms: int
    text: Private
    late: bool = False


class SlotsKnown(Event, frozen=True, kw_only=True):
    """What is known of the playbook's slots after a turn, when that changed. `values`: JSON, {slot: normalised value}.
    `missing`: required slots that are not known yet."""

    name = "SLOTS_KNOWN"
    turn: int
    filled: int
    missing: int
    values: Private


class ToolAsked(Event, frozen=True, kw_only=True):
    """A tool call and the gate's ruling on it: "allow", "ask" or "deny", by the rule named `rule`."""

    name = "TOOL_ASKED"
    turn: int
    tool: str
    agent: str
    ruling: str
    rule: str


class ToolOver(Event, frozen=True, kw_only=True):
    """outcome: "ok", "error", "denied", "timeout", "cancelled"."""

    name = "TOOL_OVER"
    turn: int
    tool: str
    outcome: str
    ms: int


class ApprovalAsked(Event, frozen=True, kw_only=True):
    name = "APPROVAL_ASKED"
    approval: str
    tool: str


class ApprovalOver(Event, frozen=True, kw_only=True):
    """state: "used", "denied", "expired", "void"."""

    name = "APPROVAL_OVER"
    approval: str
    tool: str
    state: str


class TurnGuessed(Event, frozen=True, kw_only=True):
    name = "TURN_GUESSED"
    turn: int


class LlmStart(Event, frozen=True, kw_only=True):
    name = "LLM_START"
    turn: int
    speculative: bool


class Governed(Event, frozen=True, kw_only=True):
    """The rules of a reply changed it: `what` is "cut", "appended", "refused" or "varied"; `why` names the limit, or
    the kind of claim that no fact bore out."""

    name = "GOVERNED"
    turn: int
    what: str
    why: str


class TtsStart(Event, frozen=True, kw_only=True):
    name = "TTS_START"
    turn: int


class TtsEnd(Event, frozen=True, kw_only=True):
    name = "TTS_END"
    turn: int
    frames: int


class MarkSent(Event, frozen=True, kw_only=True):
    name = "MARK_SENT"
    mark: str


class MarkAck(Event, frozen=True, kw_only=True):
    name = "MARK_ACK"
    mark: str


class AgentSaid(Event, frozen=True, kw_only=True):
    """What the caller heard of one turn of ours, by marks and the playout clock; `cut` when not all of it."""

    name = "AGENT_SAID"
    turn: int
    text: Private
    cut: bool


class BargeIn(Event, frozen=True, kw_only=True):
    name = "BARGE_IN"
    phase: str  # "hold", "take", "release"
    turn: int
    why: str
    onset_ms: int = 0  # media time of the voice that did it


class Dedup(Event, frozen=True, kw_only=True):
    name = "DEDUP"
    why: str


class Dtmf(Event, frozen=True, kw_only=True):
    name = "DTMF"
    digits: Private


class Underrun(Event, frozen=True, kw_only=True):
    name = "UNDERRUN"
    turn: int
    gap_ms: int


class AudioDropped(Event, frozen=True, kw_only=True):
    name = "AUDIO_DROPPED"
    ms: int


class EngineSwitch(Event, frozen=True, kw_only=True):
    name = "ENGINE_SWITCH"
    stage: str  # "stt", "llm", "tts"
    old: str
    new: str
    why: str


class AsrErr(Event, frozen=True, kw_only=True):
    name = "ASR_ERR"
    error: str


class LlmErr(Event, frozen=True, kw_only=True):
    name = "LLM_ERR"
    error: str


class TtsErr(Event, frozen=True, kw_only=True):
    name = "TTS_ERR"
    error: str


class Turn(Event, frozen=True, kw_only=True):
    """The telemetry of one turn (SPEC 11.1), at its end. Milliseconds; None where the thing did not happen."""

    name = "TURN"
    turn: int
    kind: str  # "reply", "greeting", "prompt", "goodbye", "resume"
    stt_first_partial_ms: int | None = None
    stt_final_ms: int | None = None
    eou_wait_ms: int | None = None
    tts_ready_ms: int | None = None
    total_latency_ms: int | None = None
    barge_in_hit: bool = False
    eou_reason: str | None = None
    speculative: bool = False
    filler: bool = False
