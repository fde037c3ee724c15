"""`WS_MODE=ECHO` (SPEC 2.12): the caller's own audio back, without any engine, to prove the line."""

from __future__ import annotations

from collections.abc import Callable

import trio

from agentd.call.reception import Admitted
from agentd.call.tape import Bus, Tape
from agentd.core.media_stream import Media, Stop, Writer
from agentd.errors import PeerError
from agentd.events import WsDone, WsMedia, WsStart
from agentd.facts import CallRecord
from agentd.media import MediaStream


async def echo_call(media: MediaStream, admitted: Admitted, bus: Bus, ended: Callable[[CallRecord], None]) -> None:
    """Until the other end is gone; then tells `ended`, and closes. Cancel: the same."""
    facts = admitted.facts
    writer = Writer(facts.stream_sid)
    tape = Tape(facts, bus, trio.current_time)
    tape.emit(WsStart(stream_sid=facts.stream_sid, mode="ECHO", caller=facts.caller, called=facts.called))
    rx, reason = 0, "cancelled"

    def read(message: bytes) -> bool:
        nonlocal rx
        try:
            said = admitted.reader.read(message)
        except PeerError:
            return False
        if isinstance(said, Media):
            rx += 1
            tape.frame = rx
            if rx % 50 == 0:
                tape.emit(WsMedia(rx=rx))
            media.put(writer.media(said.payload), speech=True)
        return said is Stop.STOP

    try:
        messages: list[bytes] | None = list(admitted.rest)
        while messages is not None:
            stopped = [read(message) for message in messages]
            if any(stopped):
                break
            messages = await media.receive()
        reason = "stop" if messages is not None else "lost"
    finally:
        tape.emit(WsDone(rx=rx, tx=rx, reason=reason))
        ended(CallRecord(facts, reason, rx, rx, 0, tape.age_s()))
        await media.aclose()
