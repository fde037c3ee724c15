"""A daemon that has started has imported what calls need, and nothing that only takes memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

UNUSED = (
    "alembic", "mako", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "psycopg", "dbos",  # the store's
    "rich", "pygments", "httpx._main",  # httpx's own command line
    "scipy", "numpy.testing", "numpy.ma", "numpy.fft", "numpy.polynomial", "numpy.random",
    "twilio", "icalendar", "grpc", "aiohttp", "onnxruntime", "ctranslate2",
    "agentd.commands", "agentd.demo", "agentd.evals", "agentd.jobs.worker", "agentd.simulator",
)  # fmt: skip

PROGRAM = """
import sys
from pathlib import Path
import trio
from agentd.config import Settings
from agentd.daemon import Daemon
from agentd.plugins import Plugins

async def main():
    state, *chosen = sys.argv[1:]
    engines = {f"{kind}_engine": (engine,) for kind, engine in zip(("stt", "llm", "tts"), chosen, strict=True)}
    settings = Settings.of(port=0, language_code="en-US", handover=False, state_dir=Path(state), **engines)
    daemon = Daemon(settings, Plugins.load(settings), progress=lambda text: None)
    async with trio.open_nursery() as nursery:
        await nursery.start(daemon.run)
        print(*sys.modules, sep="\\n")
        nursery.cancel_scope.cancel()

trio.run(main)
"""


@pytest.mark.parametrize("engines", ["scripted,scripted,scripted", "openai-whisper,openai,openai"])
def test_a_daemon_that_has_started_holds_no_module_that_calls_do_not_need(engines: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), *engines.split(",")]
    access = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}  # nobody listens
    said = subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL, env={**os.environ, **access})
    imported = set(said.split())
    assert {"agentd.daemon", "sqlalchemy", "httpx", "numpy"} <= imported
    assert ("openai" in imported) == ("openai" in engines)
    assert imported.isdisjoint(UNUSED)
