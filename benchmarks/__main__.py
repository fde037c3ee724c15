"""`python -m benchmarks`: every program here, one after the other, each with its defaults."""

from __future__ import annotations

import subprocess
import sys

PROGRAMS = (
    ("benchmarks.calls",),
    ("benchmarks.calls", "20", "--providers"),
    ("benchmarks.webhooks",),
    ("benchmarks.stages",),
)

for module, *arguments in PROGRAMS:
    print(f"\n== python -m {' '.join([module, *arguments])}", flush=True)
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)
