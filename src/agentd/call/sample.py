"""Audio samples (SPEC 2.11): now and then, three seconds of exactly what the recogniser got, to be listened to."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import trio

from agentd.audio.wav import write_wav
from agentd.call.streams import in_thread

SECONDS = 3
RATE_HZ = 8000


class AudioSample:
    """Collects the first three seconds of audio; `write` leaves the WAV when the call is over."""

    def __init__(self, path: Path, limiter: trio.CapacityLimiter) -> None:
        self._path, self._limiter = path, limiter
        self._pcm = bytearray()

    def add(self, pcm: bytes) -> None:
        room = SECONDS * RATE_HZ * 2 - len(self._pcm)
        if room > 0:
            self._pcm += pcm[:room]

    async def write(self) -> None:
        """Cancel: the file may be missing, never half there (it is renamed into place)."""
        if self._pcm:
            await in_thread(self._write, limiter=self._limiter)

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".part")
        write_wav(draft, bytes(self._pcm), RATE_HZ)
        draft.replace(self._path)


class Sampler:
    """Picks one call in `every`; the first, so that a new installation can be checked at once. 0: none."""

    def __init__(self, every: int, folder: Path) -> None:
        self._every, self._folder = every, folder
        self._calls = count()
        self._limiter = trio.CapacityLimiter(1)

    def take(self, call_sid: str) -> AudioSample | None:
        if self._every <= 0 or next(self._calls) % self._every:
            return None
        return AudioSample(self._folder / f"{call_sid}.wav", self._limiter)
