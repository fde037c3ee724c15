"""The logger `turn`: one JSON line at the end of each turn, with the names that operators' tools know (SPEC 11.1)."""

from __future__ import annotations

import logging
from typing import Any, Final

import msgspec

from agentd.events import Turn

NAMES: Final = (
    "STT_FIRST_PARTIAL_MS",
    "STT_FINAL_MS",
    "EOU_WAIT_MS",
    "TTS_READY_MS",
    "TOTAL_LATENCY_MS",
    "BARGE_IN_HIT",
    "EOU_REASON",
    "SPECULATIVE",
    "FILLER",
)

_log = logging.getLogger("turn")


def turn_fields(turn: Turn, call_sid: str) -> dict[str, Any]:
    """The line as data. Milliseconds are integers; what did not happen is None (null)."""
    return {name: getattr(turn, name.lower()) for name in NAMES} | {
        "kind": turn.kind,
        "call_sid": call_sid,
        "turn": turn.turn,
    }


def log_turn(turn: Turn, call_sid: str) -> None:
    """Write the line. The message is the JSON itself, so that any handler on the logger `turn` gets it whole."""
    fields = turn_fields(turn, call_sid)
    _log.info(
        msgspec.json.encode(fields).decode(),
        extra={"event": turn.name, "fields": fields, "CALL_SID": call_sid, "TURN": turn.turn},
    )
