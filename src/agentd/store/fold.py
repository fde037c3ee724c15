"""From the events of the tapes to the changes of the store: what was said as it was heard in the end. Pure.

| event | becomes |
|---|---|
| `WS_START` | `CallBegan` |
| `CALLER_SAID` | a line of the caller; `late`: the caller's last line again, with other words |
| `STATE_CHANGE` | "caller-went-on" takes back a line that waits for its answer: its words come again |
| `AGENT_SAID` | a line of ours, as far as it was heard; none if nothing was |
| `TURN` | a turn with its measures |
| `RECORDING` | a recording |
| `SLOTS_KNOWN` | the call's slots, in place of those before |
| `CALL_ENDED` | `CallOver`, and the memory of the stream is dropped |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from agentd.core.call_state import State
from agentd.core.kinds import Kinds
from agentd.events import (
    AgentSaid,
    CallEnded,
    CallerSaid,
    Recorded,
    RecordingKnown,
    SlotsKnown,
    StateChange,
    Turn,
    WsStart,
)
from agentd.storage import CallBegan, CallOver, Change, LineRow, LineTakenBack, RecordingRow, SlotsRow, TurnRow

MAX_STREAMS: Final = 10_000  # remembered; more means that ends were dropped, and the oldest are forgotten
KEPT: Final = Kinds(WsStart, CallerSaid, StateChange, AgentSaid, Turn, RecordingKnown, SlotsKnown, CallEnded)
"""Events of no other kind change anything."""


@dataclass(slots=True)
class _Stream:
    last: LineRow | None = None  # the caller's last line
    waits: bool = False  # for its answer: we are preparing it


class Fold:
    """`read` every event, in the order of the tape."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, int], _Stream] = {}

    def read(self, recorded: Recorded, now_ms: int) -> Change | None:
        """What the event changes. `now_ms`: since 1970."""
        sid, generation, event = recorded.call_sid, recorded.generation, recorded.event
        match event:
            case WsStart():
                return CallBegan(sid, generation, event.caller, event.called, event.mode, now_ms)
            case CallerSaid():
                return self._caller(recorded, event, now_ms)
            case StateChange() if event.new != State.PROCESSING:
                return self._settled(sid, generation, went_on=event.cause == "caller-went-on")
            case AgentSaid() if event.text.text:
                return LineRow(sid, generation, recorded.seq, event.turn, now_ms, "agent", event.text, event.cut)
            case Turn():
                return _turn(recorded, event, now_ms)
            case RecordingKnown():
                return RecordingRow(event.recording_sid, event.call_sid, event.status, event.duration_s, now_ms)
            case SlotsKnown():
                return SlotsRow(sid, generation, recorded.seq, now_ms, event.filled, event.missing, event.values)
            case CallEnded():
                self._streams.pop((event.call_sid, event.generation), None)
                return CallOver(event.call_sid, event.generation, event.reason, event.crash, now_ms)
        return None

    def _caller(self, recorded: Recorded, event: CallerSaid, now_ms: int) -> LineRow:
        sid, generation = recorded.call_sid, recorded.generation
        stream = self._stream(sid, generation)
        if event.late and stream.last is not None:
            stream.last = replace(stream.last, text=event.text)
        else:
            stream.last = LineRow(sid, generation, recorded.seq, event.turn, now_ms, "caller", event.text)
            stream.waits = True
        return stream.last

    def _settled(self, sid: str, generation: int, *, went_on: bool) -> LineTakenBack | None:
        """We are not preparing an answer any more: the line has one, or will have none."""
        stream = self._stream(sid, generation)
        waited, stream.waits = stream.waits, False
        if stream.last is None or not (waited and went_on):
            return None
        gone, stream.last = stream.last, None
        return LineTakenBack(sid, generation, gone.seq)

    def _stream(self, sid: str, generation: int) -> _Stream:
        found = self._streams.get((sid, generation))
        if found is None:
            if len(self._streams) >= MAX_STREAMS:
                del self._streams[next(iter(self._streams))]
            found = self._streams[sid, generation] = _Stream()
        return found


def _turn(recorded: Recorded, event: Turn, now_ms: int) -> TurnRow:
    return TurnRow(
        recorded.call_sid,
        recorded.generation,
        event.turn,
        now_ms,
        event.kind,
        stt_first_partial_ms=event.stt_first_partial_ms,
        stt_final_ms=event.stt_final_ms,
        eou_wait_ms=event.eou_wait_ms,
        tts_ready_ms=event.tts_ready_ms,
        total_latency_ms=event.total_latency_ms,
        barge_in_hit=event.barge_in_hit,
        eou_reason=event.eou_reason,
        speculative=event.speculative,
        filler=event.filler,
    )
