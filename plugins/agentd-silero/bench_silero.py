"""What a window of Silero costs, alone and in company: `python plugins/agentd-silero/bench_silero.py`."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from agentd_silero.detector import BATCH, WINDOW, SileroVAD


def main() -> None:
    vad = SileroVAD()
    noise = np.random.default_rng(1).normal(0, 300, WINDOW).astype("<i2").tobytes()
    print(f"{'calls':>6} {'us a window':>12} {'ms a batch':>11} {'CPU-s a call-minute':>20}")
    for calls in (1, 5, 20, 100):
        streams = [vad.open() for _ in range(calls)]
        rounds = max(20, 2000 // calls)
        begin = perf_counter()
        for _ in range(rounds):
            for stream in streams:
                stream.hear(noise)
        window_s = (perf_counter() - begin) / rounds / calls
        for stream in streams:
            stream.close()
        batch_ms = window_s * 1e3 * min(calls, BATCH)
        print(f"{calls:6} {window_s * 1e6:12.1f} {batch_ms:11.2f} {window_s * 60 / 0.032:20.3f}")


if __name__ == "__main__":
    main()
