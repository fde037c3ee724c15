"""The process of jobs as a child of the daemon: started, started again when it ends, and never left behind.

    daemon --- settings, one line ---> agentd jobs run --child
           --- the pipe stays open --->     "" (the daemon is gone, however it went): end

It gets its settings through the pipe: they are the daemon's own, flags and credentials included, and no other user can
read them there. The end of the pipe is the end of the child; so no daemon that is killed leaves one behind.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import suppress
from typing import Any, Final

import msgspec
import trio
from pydantic import SecretStr

from agentd.config import Settings

log = logging.getLogger("agentd.jobs")

BACKOFF_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)  # between starts; the last one goes on
WELL_S: Final = 300.0  # a child that ran for so long begins the backoff anew
END_S: Final = 10.0  # from SIGTERM to SIGKILL; a kill loses nothing
COMMAND: Final = (sys.executable, "-m", "agentd", "jobs", "run", "--child")


def to_line(settings: Settings) -> bytes:
    """All settings as one line of JSON, secrets in plain text."""
    fields = {name: getattr(settings, name) for name in type(settings).model_fields}
    return msgspec.json.encode(fields, enc_hook=_plain) + b"\n"


def from_line(line: bytes) -> Settings:
    """Raises `ConfigError`, and `msgspec.DecodeError` for what is no JSON."""
    fields: dict[str, Any] = msgspec.json.decode(line)
    return Settings.of(**fields)


async def keep_child(
    settings: Settings, *, task_status: trio.TaskStatus[trio.Process] = trio.TASK_STATUS_IGNORED
) -> None:
    """Until cancelled; then the child has ended before this returns, within `END_S`. `started(process)` once, when the
    first one is there."""
    failures = 0
    while True:
        began = trio.current_time()
        code = await _one(settings, task_status)
        if trio.current_time() - began > WELL_S:
            failures = 0
        wait_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
        log.error("the process of jobs has ended (%d); it is started again in %g s", code, wait_s)
        failures += 1
        await trio.sleep(wait_s)
        task_status = trio.TASK_STATUS_IGNORED


async def _one(settings: Settings, task_status: trio.TaskStatus[trio.Process]) -> int:
    """One child, to its end; its exit code."""
    # A session of its own: a Ctrl-C in the terminal is for the daemon, which has calls to drain before.
    process = await trio.lowlevel.open_process(COMMAND, stdin=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdin is not None
        with suppress(trio.BrokenResourceError):  # it has ended already, and its exit code says why
            await process.stdin.send_all(to_line(settings))
        task_status.started(process)
        return await process.wait()
    finally:
        with trio.CancelScope(shield=True):
            await _end(process)


async def _end(process: trio.Process) -> None:
    if process.stdin is not None:
        await process.stdin.aclose()
    if process.poll() is None:
        process.terminate()
        with trio.move_on_after(END_S):
            await process.wait()
        if process.poll() is None:
            process.kill()
        await process.wait()


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value)  # a path
