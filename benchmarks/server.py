"""The daemon under load: `python -m benchmarks.server KEY=VALUE ...`, settings in lower case.

Prints its address as one JSON line when it answers; then, for each line on stdin, one JSON line with what it knows of
itself: CPU seconds, memory, tasks, threads, descriptors, live calls, and the telemetry of the turns since the last.
A line "idle" collects garbage first.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import mkdtemp

import trio

from agentd.config import Settings
from agentd.daemon import Daemon
from agentd.events import BargeIn, LlmStart, Recorded, Turn, TurnGuessed, Underrun
from agentd.plugins import Plugins


class Collector:
    """Counts on the tape; reads nothing that a metrics sink would not."""

    name = "benchmark"

    def __init__(self) -> None:
        self.turns: list[tuple[int, int, bool]] = []
        self.counts = {"guesses": 0, "starts": 0, "underruns": 0, "holds": 0, "takes": 0, "releases": 0}

    async def run(self, tape: AsyncIterator[Recorded]) -> None:
        async for recorded in tape:
            match recorded.event:
                case Turn(kind="reply", total_latency_ms=int(total), eou_wait_ms=int(wait), speculative=speculative):
                    self.turns.append((total, wait, speculative))
                case TurnGuessed():
                    self.counts["guesses"] += 1
                case LlmStart(speculative=False):
                    self.counts["starts"] += 1
                case Underrun():
                    self.counts["underruns"] += 1
                case BargeIn(phase=phase):
                    self.counts[phase + "s"] += 1
                case _:
                    pass

    def take(self) -> dict[str, object]:
        turns, self.turns = self.turns, []
        return {"turns": turns, **self.counts}


def waited_s() -> float:
    """How long this process was ready to run and another had the core."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


def rss_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def main(overrides: dict[str, str]) -> None:
    settings = Settings.of(
        **{
            "port": 0,
            "language_code": "en-US",
            "stt_engine": ("scripted",),
            "llm_engine": ("scripted",),
            "tts_engine": ("scripted",),
            "handover": False,  # scripted callers answer no question
            "max_calls": 1000,
            "max_calls_per_caller": 1000,
            "state_dir": Path(mkdtemp(prefix="agentd-bench-")),
            **{k: tuple(v.split(";")) if k.endswith("_engine") else v for k, v in overrides.items()},
        }
    )
    collector = Collector()
    daemon = Daemon(settings, Plugins.load(settings), subscribers=[collector], progress=lambda text: None)
    async with trio.open_nursery() as nursery:
        address = await nursery.start(daemon.run)
        print(json.dumps({"address": address}), flush=True)
        stdin = trio.lowlevel.FdStream(os.dup(0))
        async for line in stdin:
            if b"idle" in line:  # under load a collection by hand would be a stall of our own making
                gc.collect()
            usage = resource.getrusage(resource.RUSAGE_SELF)
            print(
                json.dumps(
                    {
                        "cpu_s": usage.ru_utime + usage.ru_stime,
                        "waited_s": waited_s(),
                        "rss_kb": rss_kb(),
                        "tasks": trio.lowlevel.current_statistics().tasks_living,
                        "threads": threading.active_count(),
                        "fds": len(os.listdir("/proc/self/fd")),
                        "calls": len(daemon.calls),
                        "dropped": daemon.bus.dropped,
                        **collector.take(),
                    }
                ),
                flush=True,
            )
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, dict(each.split("=", 1) for each in sys.argv[1:]))
