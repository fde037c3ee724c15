"""Both voices of a call on one time line: the caller left, ours right, as the caller heard us. Pure.

Time is counted in the caller's frames of 20 ms: `heard` is one of them, and the clock of it all. What we send is played
by Twilio when what was sent before it has been; so a frame of ours has a place ahead of now, until a `clear` takes
those back that were not reached.
"""

from __future__ import annotations

from collections import deque

from agentd.core.media_stream import FRAME_BYTES, FRAME_MS, SILENCE

FRAME_S = FRAME_MS / 1000
SLACK = 5  # frames: as much as a network's jitter moves what is one speech


class Stereo:
    """Frames in, interleaved mu-law out: `take` gives what is complete."""

    def __init__(self) -> None:
        self._now = 0  # caller's frames so far
        self._next = 0  # the place behind the last of ours
        self._ours: deque[tuple[int, bytes]] = deque()  # (place, frame), in order
        self._out = bytearray()

    def sent(self, frame: bytes, ahead_s: float) -> None:
        """A frame of ours (160 bytes), which plays `ahead_s` from now."""
        place = self._now + round(ahead_s / FRAME_S)
        if abs(place - self._next) <= SLACK:
            place = self._next
        place = max(place, self._next, self._now)
        self._ours.append((place, frame))
        self._next = place + 1

    def cleared(self) -> None:
        """Nothing more of what was sent will be heard."""
        self._ours.clear()
        self._next = self._now

    def heard(self, frame: bytes, *, silent: bool = False) -> None:
        """A frame of the caller (160 bytes). `silent`: neither voice of this moment is to be kept."""
        ours = SILENCE
        if self._ours and self._ours[0][0] <= self._now:
            ours = self._ours.popleft()[1]
        self._now += 1
        both = bytearray(2 * FRAME_BYTES)
        both[0::2], both[1::2] = (SILENCE, SILENCE) if silent else (frame, ours)
        self._out += both

    @property
    def ready(self) -> int:
        """Frames that `take` would give."""
        return len(self._out) // (2 * FRAME_BYTES)

    def take(self) -> bytes:
        """All that is complete, left and right in turns."""
        out, self._out = bytes(self._out), bytearray()
        return out
