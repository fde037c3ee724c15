"""Calls per core: latency beyond the silence wait, barge-in, CPU, memory and tasks a call, at 1, 20, 50, 100 calls.

    python -m benchmarks.calls [CALLS ...] [--seconds 40] [--providers] [--in-step]

The daemon runs on one core with instant scripted engines, conditioning on; the callers on another. Each size is held
against the same daemon with one call, in the same run. Targets: SPEC 13, 5 / 10 / 20 ms beyond the silence wait at
1 / 20 / 100 calls, barge-in P95 200 ms from voice onset, 0.4 CPU-s a call-minute, 100 kB and 10 tasks a call.
Calls arrive over 10 s, which is about one turn of each, so that at any time some speak and some listen. `--in-step`:
all of them in the same instant, and so all greetings, all first questions and all first answers together.
A core that others use too shows in the seconds that the daemon waited for it: memory and tasks still hold then (but for
audio that piles up), latencies and underruns do not.
`--providers`: engines as slow as real ones (STT 300, LLM 375, TTS 100 ms); then T1 -> first reply frame counts, P50
850 ms and P95 1 s at 20 calls.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

import trio

from benchmarks.load import Seen, run_calls

SILENCE_MS = 450
WARM_UP_S = 6.0
ARRIVE_S = 10.0
PROVIDERS = {
    "stt_engine": "scripted:latency=300",
    "llm_engine": "scripted:latency=375",
    "tts_engine": "scripted:latency=100",
}


class Server:
    """A daemon in a process of its own, on core 0; asked for its figures by a line."""

    def __init__(self, **settings: str) -> None:
        pin = ["taskset", "-c", "0"] if (os.cpu_count() or 1) > 1 else []
        command = [*pin, sys.executable, "-m", "benchmarks.server", *(f"{k}={v}" for k, v in settings.items())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.address: str = self._line()["address"]

    def stats(self, when: str = "idle") -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(when.encode() + b"\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            raise SystemExit(f"the daemon ended: {self._process.stderr.read().decode()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def measure(calls: int, seconds: float, arrive_s: float, **settings: str) -> dict[str, float]:
    """One size. A fresh daemon, so that memory is comparable."""
    server = Server(eou_silence_ms=str(SILENCE_MS), eou_sharp_fall_ms=str(SILENCE_MS), short_utt_sec="0", **settings)
    idle = server.stats()
    trio.run(run_calls, server.address, 1, WARM_UP_S)  # what all calls share is the first one's, and no call's
    trio.run(trio.sleep, 2.5)
    before = server.stats()
    peak: dict[str, Any] = {}

    async def play() -> Seen:
        async with trio.open_nursery() as nursery:

            async def look() -> None:
                await trio.sleep(arrive_s + seconds * 0.6)
                peak.update(server.stats("busy"))

            nursery.start_soon(look)
            return await run_calls(server.address, calls, seconds, arrive_s)

    seen = trio.run(play)
    trio.run(trio.sleep, 2.5)
    after = server.stats()
    server.close()
    minutes = seen.call_s / 60
    turns = [*peak["turns"], *after["turns"]]
    beyond = [float(total - wait) for total, wait, _ in turns]
    totals = [float(total) for total, _, _ in turns]
    starts, underruns = (
        sum(after[name] - before[name] for name in names) for names in (("guesses", "starts"), ("underruns",))
    )
    return {
        "calls": calls,
        "turns": len(turns),
        "T1 to first frame p50 ms": percentile(totals, 0.5),
        "T1 to first frame p95 ms": percentile(totals, 0.95),
        "server beyond wait p50 ms": percentile(beyond, 0.5),
        "server beyond wait p95 ms": percentile(beyond, 0.95),
        "heard beyond wait p50 ms": percentile(seen.answers_s, 0.5) * 1000 - SILENCE_MS,
        "heard beyond wait p95 ms": percentile(seen.answers_s, 0.95) * 1000 - SILENCE_MS,
        "barge-in p50 ms": percentile(seen.barge_ins_s, 0.5) * 1000,
        "barge-in p95 ms": percentile(seen.barge_ins_s, 0.95) * 1000,
        "old frames after clear": seen.late_audio,
        "LLM starts a turn": starts / max(1, len(turns)),
        "CPU-s a call-minute": (after["cpu_s"] - before["cpu_s"]) / minutes,
        "kB a call": (peak["rss_kb"] - before["rss_kb"]) / calls,
        "tasks a call": (peak["tasks"] - before["tasks"]) / calls,
        "tasks left": after["tasks"] - before["tasks"],
        "fds left": after["fds"] - before["fds"],
        "threads": peak["threads"],
        "underruns": underruns,
        "s the daemon waited for its core": after["waited_s"] - before["waited_s"],
        "unanswered": seen.unanswered,
        "callers' own late frames": seen.late_sends,
        "MB idle": idle["rss_kb"] / 1024,
        "MB after a first call": before["rss_kb"] / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", nargs="*", type=int, default=[1, 20, 50, 100])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--providers", action="store_true")
    parser.add_argument("--in-step", action="store_true")
    given = parser.parse_args()
    engines = PROVIDERS if given.providers else {}
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    arrive_s = 0.0 if given.in_step else ARRIVE_S
    rows = [measure(calls, given.seconds, arrive_s, **engines) for calls in given.calls]
    width = max(len(name) for name in rows[0])
    for name in rows[0]:
        print(f"{name:<{width}}  " + "  ".join(f"{row[name]:>9.2f}" for row in rows), flush=True)


if __name__ == "__main__":
    main()
