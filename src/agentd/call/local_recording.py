"""A call's recording on this machine: from frames to a file, off the hot path.

    ears, mouth -> Stereo (pure) -> blocks of 2 s -> a bounded queue -> one task -> a thread -> the file

The call never waits for the disk. A disk that is 20 s behind loses blocks, which are filled with silence later, so that
what follows stays in its place; one that fails, or loses a minute, ends the recording, and the call goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from agentd.call.recording_files import RecordingFiles
from agentd.core.media_stream import FRAME_BYTES, FRAME_MS
from agentd.core.stereo import Stereo
from agentd.events import Event, RecordingKnown
from agentd.events_beside import RecordingState
from agentd.facts import CallFacts

BLOCK_FRAMES: Final = 100
BLOCKS: Final = 10
SILENT_BYTE: Final = b"\xff"
MOST_MISSING: Final = 60 * 2 * 8000  # bytes: a minute that the disk did not take


class LocalRecording:
    """Made when consent is there. `run` until `finish` or `discard`."""

    def __init__(self, files: RecordingFiles, facts: CallFacts, emit: Callable[[Event], None]) -> None:
        self._files, self._facts, self._emit = files, facts, emit
        self._path = files.path(facts.call_sid, facts.generation)
        self._stereo = Stereo()
        self._send, self._receive = trio.open_memory_channel[bytes](BLOCKS)
        self._missing = 0  # bytes that the queue had no room for
        self._frames = 0
        self._discarded = False
        self.paused = False

    # --- what the line brings; synchronous

    def heard(self, mulaw: bytes) -> None:
        self._stereo.heard(mulaw, silent=self.paused)
        self._frames += 1
        if self._stereo.ready >= BLOCK_FRAMES:
            self._put()

    def sent(self, mulaw: bytes, ahead_s: float) -> None:
        frames = [mulaw[at : at + FRAME_BYTES] for at in range(0, len(mulaw), FRAME_BYTES)]
        for n, frame in enumerate(frames):
            self._stereo.sent(frame, ahead_s - (len(frames) - n) * FRAME_MS / 1000)

    def cleared(self) -> None:
        self._stereo.cleared()

    def finish(self) -> None:
        """The call is over: what there is goes to the disk."""
        self._put()
        self._send.close()

    def discard(self) -> None:
        """The caller refused: nothing of it is kept."""
        self._discarded = True
        self._send.close()

    # --- the one task

    async def run(self) -> None:
        """Until `finish` or `discard`, and all is done. Cancel: the file stays as far as it was written."""
        try:
            async for block in self._receive:
                if not self._discarded:
                    await self._files.append(self._path, block)
            if self._discarded:
                await self._files.remove(self._path)
            elif self._frames:
                await self._files.close(self._path)
                self._known()
        except OSError as error:
            self._receive.close()
            self._failed(type(error).__name__)

    def _put(self) -> None:
        block = SILENT_BYTE * self._missing + self._stereo.take()
        try:
            self._send.send_nowait(block)
        except trio.WouldBlock:
            self._missing = len(block)
            if self._missing > MOST_MISSING:
                self._failed("slow-disk")
        except (trio.ClosedResourceError, trio.BrokenResourceError):
            pass  # the disk has failed, and that was said
        else:
            self._missing = 0

    def _failed(self, why: str) -> None:
        self._send.close()
        self._emit(RecordingState(state="failed", where="local", why=why))

    def _known(self) -> None:
        seconds = round(self._frames * FRAME_BYTES / 8000)
        name = f"local:{self._path.name}"
        self._emit(
            RecordingKnown(call_sid=self._facts.call_sid, recording_sid=name, status="completed", duration_s=seconds)
        )
