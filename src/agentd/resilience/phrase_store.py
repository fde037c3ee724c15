"""Synthesised phrases on disk, so that a restart need not ask a voice for what it has said before (SPEC 3.4).

A phrase is found by what made it: its text, the voice (language, name, rate, pitch) and the engine. One file each,
named by the digest of those, with the digest of its audio in front: one that was torn or changed is no phrase, and is
removed. Files are written beside and renamed, so a crash leaves the old one or none. Over the cap, those go first that
were used longest ago (the file's modification time says when).

Only what the house itself says is kept here, never a reply: that may hold a caller's name or number.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVarTuple

import msgspec
import trio

from agentd.call.streams import in_thread
from agentd.engines import Voice

Ts = TypeVarTuple("Ts")

MAGIC = b"agentd-ulaw-1\n"
SUFFIX, BESIDE = ".ulaw", ".new"
STALE_S = 3600.0  # a half-written file this old has no writer any more

_log = logging.getLogger("agentd.engines")


class PhraseStore:
    """`get` and `put` work in a thread, one at a time. A disk that is full or gone costs the cache, never a call."""

    def __init__(self, folder: Path, most_mb: float, *, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._most, self._clock = folder, int(most_mb * 1_000_000), clock
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def get(self, text: str, voice: Voice, engine: str) -> bytes | None:
        """The phrase's mu-law audio, or None."""
        return await in_thread(self.read, self._path(text, voice, engine), limiter=self._one_at_a_time)

    async def put(self, text: str, voice: Voice, engine: str, mulaw: bytes) -> None:
        """Keep it; a cap of 0 keeps nothing."""
        await in_thread(self.write, self._path(text, voice, engine), mulaw, limiter=self._one_at_a_time)

    def _path(self, text: str, voice: Voice, engine: str) -> Path:
        made_of = msgspec.json.encode([text, voice.language, voice.name, voice.rate, voice.pitch_semitones, engine])
        return self._folder / f"{hashlib.sha256(made_of).hexdigest()}{SUFFIX}"

    def read(self, path: Path) -> bytes | None:
        """Blocking. Marks the phrase as used now."""
        try:
            held = path.read_bytes()
            start = len(MAGIC) + hashlib.sha256().digest_size
            mulaw = held[start:]
            if held[:start] != MAGIC + hashlib.sha256(mulaw).digest() or not mulaw:
                path.unlink(missing_ok=True)
                return None
            os.utime(path, (self._clock(),) * 2)
        except OSError as e:
            if not isinstance(e, FileNotFoundError):
                _log.warning("cannot read a cached phrase: %s", e.strerror)
            return None
        return mulaw

    def write(self, path: Path, mulaw: bytes) -> None:
        """Blocking. Makes room first."""
        size = len(MAGIC) + hashlib.sha256().digest_size + len(mulaw)
        if size > self._most or not mulaw:
            return
        beside = path.with_suffix(f".{os.getpid()}{BESIDE}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(self._most - size, but=path)
            beside.write_bytes(MAGIC + hashlib.sha256(mulaw).digest() + mulaw)
            os.utime(beside, (self._clock(),) * 2)
            beside.replace(path)
        except OSError as e:
            _log.warning("cannot keep a phrase on disk: %s", e.strerror)
            with suppress(OSError):
                beside.unlink()

    def _make_room(self, most: int, but: Path) -> None:
        kept: list[tuple[float, int, Path]] = []
        for path in self._folder.iterdir():
            stat = path.stat()
            if path.suffix == SUFFIX and path != but:
                kept.append((stat.st_mtime, stat.st_size, path))
            elif path.suffix == BESIDE and self._clock() - stat.st_mtime > STALE_S:
                path.unlink(missing_ok=True)
        used = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if used <= most:
                return
            path.unlink(missing_ok=True)
            used -= size
