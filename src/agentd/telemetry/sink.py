"""Events to log lines: the subscriber that reads every call's tape, and the same for events of the house."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from agentd import events
from agentd.core.kinds import Kinds
from agentd.events import Event, Recorded
from agentd.telemetry.privacy import line_fields
from agentd.telemetry.turns import log_turn

if TYPE_CHECKING:
    from agentd.config import Settings

_log = logging.getLogger("agentd.events")

FIRST_COUNT: Final = 50
"""The first WS_MEDIA and WS_TX (one second of frames) are news; the later ones are not (SPEC 11.2)."""

WARNINGS: Final = Kinds(
    events.AsrErr,
    events.LlmErr,
    events.TtsErr,
    events.EngineSwitch,
    events.Watchdog,
    events.PlaybookRefused,
    events.PluginFailure,
    events.StreamRefused,
    events.BadInput,
    events.Underrun,
    events.AudioDropped,
)
DETAILS: Final = Kinds(events.TurnGuessed, events.LlmStart)
BY_CONTENT: Final = Kinds(
    events.WsMedia, events.WsTx, events.AsrText, events.WsHandshake, events.CallEnded, events.Webhook
)  # fmt: skip


def level(event: Event) -> int:
    """INFO for what an operator follows, DEBUG for what repeats, WARNING for what somebody may have to mend, ERROR for
    a bug of ours."""
    kind = type(event)
    if BY_CONTENT[kind] and (importance := _by_content(event)) is not None:
        return importance
    if WARNINGS[kind]:
        return logging.WARNING
    return logging.DEBUG if DETAILS[kind] else logging.INFO


def _by_content(event: Event) -> int | None:
    match event:
        case events.WsMedia(rx=count) | events.WsTx(tx=count):
            return logging.INFO if count == FIRST_COUNT else logging.DEBUG
        case events.AsrText(final=False):
            return logging.DEBUG
        case events.WsHandshake(refused=str()):
            return logging.WARNING
        case events.CallEnded(crash=str()):
            return logging.ERROR
        case events.Webhook(status=status) if status >= 400:
            return logging.WARNING
    return None


def log_event(event: Event, *, call_sid: str = "", at_ms: int | None = None, show_private: bool = False) -> None:
    """Write one event. Never waits when logging is queued. A turn goes to its own logger."""
    if isinstance(event, events.Turn):
        log_turn(event, call_sid)
        return
    importance = level(event)
    if not _log.isEnabledFor(importance):
        return
    fields = line_fields(event, show_private=show_private)
    call_sid = fields.pop("call_sid", "") or call_sid  # some events of the house are about a call
    if at_ms is not None:
        fields = {"at_ms": at_ms} | fields
    turn = fields.pop("turn", None)
    extra = {"event": event.name, "fields": fields, "CALL_SID": call_sid, "TURN": turn}
    # As `_log.log` would, but for the search of the stack: it would find this line.
    _log.handle(_log.makeRecord(_log.name, importance, __file__, 0, event.name, (), None, "log_event", extra))


class LogSubscriber:
    """Writes every event of every call to the log, at its level."""

    name = "log"

    def __init__(self, settings: Settings) -> None:
        self._show_private = settings.log_transcripts

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        """Read until the tape ends. Cancel: what was not read is lost to the log."""
        async for recorded in tape:
            self.write(recorded)

    def write(self, recorded: Recorded) -> None:
        """One event of a call, now."""
        log_event(recorded.event, call_sid=recorded.call_sid, at_ms=recorded.at_ms, show_private=self._show_private)
