"""Which calls broke off for good, told from the tapes (SPEC 4.6). Pure.

| seen of a call                                   | it is                  |
|--------------------------------------------------|------------------------|
| a stream begins                                  | live                   |
| the stream ends without a `stop` or our close    | broken                 |
| ... and Twilio asks what is next: they are there | waiting                |
| the call ends while it is waiting                | **lost**               |
| it ends while it is live, or merely broken       | over: they hung up     |
| they leave a message, or a person answers them   | over: they were helped |
| any other end of a stream: hang-up, goodbye, ... | over                   |

Lost calls count only if the caller had spoken, and something that was asked of them is still open.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import Final

from agentd.core.kinds import Kinds
from agentd.events import (
    NOTHING,
    CallEnded,
    CallerSaid,
    Event,
    Private,
    RecordingKnown,
    SlotsKnown,
    Watchdog,
    Webhook,
    WsStart,
)
from agentd.events_beside import DialEnded

BROKEN: Final = frozenset({"lost", "stalled-reader", "no-media", "crash"})
ENDED: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled", "over"})
ASKED: Final = frozenset({"resume", "fallback"})
_REMEMBERED: Final = 5000
_TELLING: Final = Kinds(WsStart, CallerSaid, SlotsKnown, CallEnded, Webhook, Watchdog, RecordingKnown, DialEnded)


class Is(Enum):
    LIVE = "live"
    BROKEN = "broken"
    WAITING = "waiting"


@dataclass(slots=True)
class Seen:
    """One call. `caller` may be no number at all."""

    call_sid: str
    caller: Private = NOTHING
    generation: int = 0
    is_: Is = Is.LIVE
    spoke: bool = False
    closed: bool = False


class Losses:
    """`see` every event of every tape, in order."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, Seen] = OrderedDict()
        self._helped: OrderedDict[str, None] = OrderedDict()

    def helped(self, call_sid: str) -> bool:
        """They left a message, or spoke to a person, perhaps after the call was lost."""
        return call_sid in self._helped

    def see(self, event: Event, call_sid: str, generation: int) -> Seen | None:
        """`call_sid` and `generation`: of the tape; "" and 0 for the house's own events. A call that is lost, if this
        event tells so: once."""
        if not _TELLING[type(event)]:
            return None
        match event:
            case WsStart(caller=caller):
                self._begin(call_sid, generation, caller)
            case CallerSaid() if (call := self._calls.get(call_sid)) is not None:
                call.spoke = True
            case SlotsKnown(missing=missing) if (call := self._calls.get(call_sid)) is not None:
                call.closed = missing == 0
            case CallEnded():
                self._stream_ended(event)
            case Webhook(path="/webhook/stream_ended", reason=reason, call_sid=sid) if reason in ASKED:
                self._asked(sid)
            case Watchdog(action=action, call_sid=sid) if action in ASKED:
                self._asked(sid)
            case Webhook(path="/webhook/stream_ended" | "/webhook/call_status", reason=reason, call_sid=sid):
                return self._ended(sid) if reason in ENDED else None
            case RecordingKnown(voicemail=True, status="completed", call_sid=sid):
                self._help(sid)
            case DialEnded(status="completed" | "answered", call_sid=sid):
                self._help(sid)
        return None

    def _begin(self, call_sid: str, generation: int, caller: Private) -> None:
        call = self._calls.setdefault(call_sid, Seen(call_sid))
        call.caller, call.generation, call.is_ = caller, generation, Is.LIVE
        if len(self._calls) > _REMEMBERED:
            self._calls.popitem(last=False)

    def _stream_ended(self, event: CallEnded) -> None:
        call = self._calls.get(event.call_sid)
        if call is None or event.generation < call.generation:
            return
        if event.reason in BROKEN:
            call.is_ = Is.BROKEN if call.is_ is Is.LIVE else call.is_  # Twilio may have asked first
        else:
            del self._calls[event.call_sid]

    def _asked(self, call_sid: str) -> None:
        if (call := self._calls.get(call_sid)) is not None:
            call.is_ = Is.WAITING

    def _ended(self, call_sid: str) -> Seen | None:
        call = self._calls.pop(call_sid, None)
        lost = call is not None and call.is_ is Is.WAITING and call.spoke and not call.closed
        return call if lost and not self.helped(call_sid) else None

    def _help(self, call_sid: str) -> None:
        self._calls.pop(call_sid, None)
        self._helped[call_sid] = None
        if len(self._helped) > _REMEMBERED:
            self._helped.popitem(last=False)
