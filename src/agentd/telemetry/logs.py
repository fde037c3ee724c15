"""Logging that never waits: records go through a bounded queue to one writer, and what does not fit is counted.

One JSON line each where a machine reads (journald), one readable line where a person does (a terminal). Lines of a
call carry CALL_SID and TURN, so that `journalctl CALL_SID=...` and `grep` find them.
"""

from __future__ import annotations

import logging
import queue
import sys
import time
import traceback
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

import msgspec

from agentd.errors import AgentdError
from agentd.telemetry.privacy import mask_numbers

if TYPE_CHECKING:
    from types import TracebackType

    from agentd.config import Settings

QUEUE: Final = 10_000
"""Records that may wait for the writer: about a minute of a hundred busy calls (SPEC 11.2)."""

STOP_LIMIT_S: Final = 2.0
"""How long a blocked sink may hold up the end of the process."""


_ENCODER: Final = msgspec.json.Encoder(enc_hook=repr)


def describe(error: BaseException) -> dict[str, Any]:
    """An exception without its payload: types and places, and the message only where agentd itself wrote it.

    A library's message may quote what it was given (a transcript, a key), so it is left out.
    """
    if isinstance(error, BaseExceptionGroup):
        return {"type": type(error).__name__, "of": [describe(each) for each in error.exceptions]}
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    told: dict[str, Any] = {"type": type(error).__name__}
    if isinstance(error, AgentdError):
        told |= {"code": error.code, "message": mask_numbers(str(error))}
    told["at"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return told


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Our own extras of a record: `fields`, CALL_SID, TURN."""
    has = vars(record)
    own = {name: value for name in ("CALL_SID", "TURN") if (value := has.get(name)) not in (None, "")}
    fields: dict[str, Any] = has.get("fields", {})
    return own | fields


class JsonLines(logging.Formatter):
    """{"ts", "level", "logger", "event", CALL_SID, TURN, the fields of the event, "error"} on one line."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"ts": stamp, "level": record.levelname, "logger": record.name}
        line["event"] = vars(record).get("event") or mask_numbers(record.getMessage())
        line |= {key: value for key, value in _fields(record).items() if key not in line}
        if record.exc_info and record.exc_info[1]:
            line["error"] = describe(record.exc_info[1])
        return _ENCODER.encode(line).decode()


class ReadableLines(logging.Formatter):
    """12:00:01.123 INFO    EOU CALL_SID=CA12 length_ms=900 reason=silence"""

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        what = vars(record).get("event") or mask_numbers(record.getMessage())
        parts = [f"{clock}.{int(record.msecs):03d} {record.levelname:<7} {what}"]
        parts += [f"{key}={value}" for key, value in _fields(record).items() if value is not None]
        if record.exc_info and record.exc_info[1]:
            parts.append(f"error={describe(record.exc_info[1])}")
        return " ".join(parts)


class _NeverBlocks(QueueHandler):
    """Counts what does not fit instead of waiting for room, and keeps the record as it is for the formatter."""

    queue: queue.SimpleQueue[Any]

    def __init__(self) -> None:
        # Simple: it wakes its reader without the locks and conditions of `queue.Queue`, which cost more than a record.
        super().__init__(queue.SimpleQueue())
        self.dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        # The arguments may change before the writer comes to them; the stdlib's own way would also write the
        # traceback, message and all, into the text.
        record.msg, record.args = record.getMessage(), None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        if self.queue.qsize() < QUEUE:  # threads that come at once may pass it by a record each
            self.queue.put(record)
        else:
            self.dropped += 1


class _Writer(QueueListener):
    """The listener, with an end that a full queue or a blocked sink cannot prevent."""

    _sentinel: None

    def __init__(self, source: _NeverBlocks, sink: logging.Handler) -> None:
        super().__init__(source.queue, sink)
        self._source, self._told = source, 0

    def handle(self, record: logging.LogRecord) -> None:
        super().handle(record)
        if (dropped := self._source.dropped) > self._told:
            lost, self._told = dropped - self._told, dropped
            note = logging.LogRecord("agentd.logs", logging.WARNING, "", 0, "LOG_DROPPED", None, None)
            note.fields = {"records": lost}
            super().handle(note)

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self.enqueue_sentinel()
        thread.join(STOP_LIMIT_S)  # when the sink is blocked: its thread is a daemon and ends with the process


class Logs:
    """Logging of this process, from `start` to `stop`; also a context manager."""

    def __init__(self, settings: Settings, stream: TextIO | None = None) -> None:
        target = sys.stderr if stream is None else stream
        sink = logging.StreamHandler(target)
        sink.setFormatter(ReadableLines() if target.isatty() else JsonLines())
        self._level = logging.DEBUG if settings.debug else logging.INFO
        self._queued = _NeverBlocks() if settings.async_log_queue else None
        self._handler: logging.Handler = self._queued or sink
        self._writer = _Writer(self._queued, sink) if self._queued else None
        self._before: list[tuple[logging.Logger, int]] = []

    @property
    def dropped(self) -> int:
        """Records that found the queue full."""
        return self._queued.dropped if self._queued else 0

    def start(self) -> Self:
        """Take over the root logger. DEBUG reaches agentd's own loggers only: libraries would log payloads."""
        for name, level in (("", logging.INFO), ("agentd", self._level), ("turn", self._level)):
            logger = logging.getLogger(name)
            self._before.append((logger, logger.level))
            logger.setLevel(level)
        logging.getLogger().addHandler(self._handler)
        if self._writer:
            self._writer.start()
        return self

    def stop(self) -> None:
        """Write what is queued, for at most `STOP_LIMIT_S`, and give the root logger back."""
        logging.getLogger().removeHandler(self._handler)
        if self._writer:
            self._writer.stop()
        while self._before:
            logger, level = self._before.pop()
            logger.setLevel(level)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
