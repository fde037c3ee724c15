"""Logging that never waits and never quotes a caller."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agentd.config import Settings
from agentd.errors import PeerError
from agentd.telemetry import logs
from agentd.telemetry.logs import Logs

LOG = logging.getLogger("agentd.test")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Stuck(io.StringIO):
    """A sink that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        self.go.wait(10)
        return super().write(text)


def written(work: Callable[[], None], **settings: Any) -> list[dict[str, Any]]:
    """The JSON lines that `work` leaves."""
    stream = io.StringIO()
    with Logs(Settings.of(**settings), stream):
        work()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("queued", [True, False])
def test_a_record_becomes_one_json_line_with_its_call_and_turn(queued: bool) -> None:
    def work() -> None:
        LOG.info("hello\n%s", "there", extra={"CALL_SID": "CA1", "TURN": 0, "fields": {"rx": 50, "why": None}})

    (line,) = written(work, async_log_queue=queued)
    assert line.pop("ts").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "agentd.test",
        "event": "hello\nthere",
        "CALL_SID": "CA1",
        "TURN": 0,
        "rx": 50,
        "why": None,
    }


def test_the_order_is_kept_and_everything_is_written_by_the_end() -> None:
    lines = written(lambda: [LOG.info("%d", n) for n in range(3000)] and None)
    assert [line["event"] for line in lines] == [str(n) for n in range(3000)]


def test_a_terminal_gets_a_readable_line_without_what_did_not_happen() -> None:
    stream = Terminal()
    with Logs(Settings.of(), stream):
        LOG.info("EOU", extra={"CALL_SID": "CA1", "fields": {"silence_ms": 450, "reason": None}})
    assert stream.getvalue().rstrip("\n").split(" ", 1)[1] == "INFO    EOU CALL_SID=CA1 silence_ms=450"


@pytest.mark.parametrize(("debug", "seen"), [(True, ["quiet", "loud"]), (False, ["loud"])])
def test_debug_opens_our_loggers_and_not_those_of_libraries(debug: bool, seen: list[str]) -> None:
    def work() -> None:
        LOG.debug("quiet")
        logging.getLogger("some.library").debug("payload")
        logging.getLogger("some.library").info("loud")

    assert [line["event"] for line in written(work, debug=debug)] == seen


def test_an_exception_is_told_without_its_message() -> None:
    def work() -> None:
        try:
            raise ValueError("the caller said: my number is 0501234567")
        except ValueError:
            LOG.exception("it broke")

    (line,) = written(work)
    assert line["error"]["type"] == "ValueError"
    assert line["error"]["at"][-1].startswith("test_logs.py:")
    assert "caller said" not in json.dumps(line)


def test_our_own_errors_keep_their_code_and_sentence_and_groups_their_members() -> None:
    def work() -> None:
        try:
            raise ExceptionGroup("g", [PeerError("bad-json", "frame 3"), KeyError("secret")])
        except ExceptionGroup:
            LOG.exception("it broke")

    (line,) = written(work)
    ours, theirs = line["error"]["of"]
    assert (ours["code"], ours["message"]) == ("bad-json", "bad-json: frame 3")
    assert theirs == {"type": "KeyError", "at": []}


def test_numbers_of_people_are_masked_in_any_message() -> None:
    lines = written(lambda: LOG.info("call from +972501234567, sid CA0000000000000000 took 1234 ms"))
    assert lines[0]["event"] == "call from ***567, sid CA0000000000000000 took 1234 ms"


def test_a_blocked_sink_never_blocks_the_caller_and_what_is_lost_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "QUEUE", 5)
    stream = Stuck()
    with Logs(Settings.of(), stream) as running:
        LOG.info("first")
        assert stream.reached.wait(10)
        for n in range(8):
            LOG.info("%d", n)
        assert running.dropped == 3
        stream.go.set()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines if line["event"] != "LOG_DROPPED"] == ["first", "0", "1", "2", "3", "4"]
    assert [line["records"] for line in lines if line["event"] == "LOG_DROPPED"] == [3]


def test_a_sink_that_stays_blocked_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "QUEUE", 1)
    monkeypatch.setattr(logs, "STOP_LIMIT_S", 0.05)
    stream, before = Stuck(), set(threading.enumerate())
    running = Logs(Settings.of(), stream).start()
    (writer,) = set(threading.enumerate()) - before
    LOG.info("first")
    assert stream.reached.wait(10)
    LOG.info("fills the queue")
    running.stop()
    assert not stream.go.is_set()
    stream.go.set()
    writer.join(10)
    assert not writer.is_alive(), "once the sink goes on, what was queued is written, and the thread ends"


def test_stopping_gives_the_root_logger_back() -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), threading.active_count())
    with Logs(Settings.of(debug=True), io.StringIO()):
        assert len(root.handlers) == len(before[1]) + 1
    assert (root.level, root.handlers, threading.active_count()) == before


def test_arguments_are_read_when_the_record_is_made() -> None:
    def work() -> None:
        state = ["before"]
        LOG.info("%s", state)
        state[0] = "after"

    assert written(work)[0]["event"] == "['before']"
