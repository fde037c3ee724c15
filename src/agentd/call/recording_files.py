"""Recordings on this machine's disk: `<call_sid>.wav`, and `<call_sid>.<n>.wav` for the nth stream of a call.

A file grows while the call lasts, so that a process that dies leaves what there was; its header says "to the end of the
file" until the recording is closed. What is too old, or too much, is removed: the oldest first.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import trio

from agentd.call.streams import in_thread

RATE_HZ: Final = 8000
HEADER_BYTES: Final = 58
TO_THE_END: Final = 0xFFFFFFFF
EVERY_S: Final = 3600.0  # between two looks for what is too old
THREADS: Final = 4  # a block takes a millisecond; a slow disk takes no more threads than these
_MULAW: Final = 7

Runner = Callable[..., Awaitable[None]]


class RecordingFiles:
    """The folder. `run(fn, *args, limiter=...)` runs blocking work; `now` is the wall clock. Raises OSError."""

    def __init__(
        self,
        folder: Path,
        max_gb: float,
        keep_days: int,
        run: Runner = in_thread,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._max_bytes, self._keep_s = folder, round(max_gb * 1e9), keep_days * 86400.0
        self._run, self._now = run, now
        self._limiter = trio.CapacityLimiter(THREADS)

    def path(self, call_sid: str, generation: int) -> Path:
        return self._folder / (f"{call_sid}.wav" if generation == 1 else f"{call_sid}.{generation}.wav")

    async def append(self, path: Path, block: bytes) -> None:
        """Stereo mu-law, behind what is there. A file that is not there begins with its header."""
        await self._run(_append, path, block, limiter=self._limiter)

    async def close(self, path: Path) -> None:
        """The header says how long it is; then there is room for the next one."""
        await self._run(self._close, path, limiter=self._limiter)

    async def remove(self, path: Path) -> None:
        await self._run(_unlink, path, limiter=self._limiter)

    async def keep_clean(self) -> None:
        """Until cancelled. A disk that cannot be read is looked at again in an hour."""
        while True:
            with suppress(OSError):
                await self._run(self.sweep, limiter=self._limiter)
            await trio.sleep(EVERY_S)

    def sweep(self) -> None:
        """Remove what is past its time, and the oldest of what is too much."""
        oldest = self._now() - self._keep_s if self._keep_s else float("-inf")
        total = 0
        for path, changed, size in sorted(_files(self._folder), key=lambda each: -each[1]):
            total += size
            if changed < oldest or total > self._max_bytes:
                _unlink(path)

    def _close(self, path: Path) -> None:
        with path.open("r+b") as file:
            size = file.seek(0, 2) - HEADER_BYTES
            file.seek(0)
            file.write(_header(size))
        self.sweep()


def recordings_of(state_dir: Path, call_sids: Iterable[str]) -> list[Path]:
    """The files that hold these calls' sound, samples (SPEC 2.11) too: what `agentd person delete` removes."""
    wanted = set(call_sids)
    found = [path for folder in ("recordings", "samples") for path, _, _ in _files(state_dir / folder)]
    return sorted(path for path in found if path.name.split(".")[0] in wanted)


def _files(folder: Path) -> list[tuple[Path, float, int]]:
    """(path, last change, bytes). One that goes away meanwhile is left out."""
    found = []
    for path in folder.glob("*.wav"):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found.append((path, stat.st_mtime, stat.st_size))
    return found


def _append(path: Path, block: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(path, "ab", opener=_private) as file:
        if file.tell() == 0:
            file.write(_header(TO_THE_END))
        file.write(block)


def _private(name: str, flags: int) -> int:
    """For the owner only: people speak in it."""
    return os.open(name, flags, 0o600)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


def _header(data_bytes: int) -> bytes:
    """Of a stereo WAV in mu-law, with the fact chunk that every coding but PCM must have."""
    known = data_bytes != TO_THE_END
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, _MULAW, 2, RATE_HZ, RATE_HZ * 2, 2, 8, 0)
    fact = struct.pack("<4sII", b"fact", 4, data_bytes // 2 if known else TO_THE_END)
    body = b"WAVE" + form + fact + struct.pack("<4sI", b"data", data_bytes)
    return struct.pack("<4sI", b"RIFF", len(body) + data_bytes if known else TO_THE_END) + body
