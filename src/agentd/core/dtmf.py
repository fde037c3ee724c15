"""Telephone keys, gathered into one answer (SPEC 2.10). Pure; counts media frames.

| so far    | key or frame                         | answer             |
|-----------|--------------------------------------|--------------------|
| nothing   | 0-9, `*`                             | gathering          |
|           | `#`                                  | "#"                |
| digits    | 0-9, `*` up to the expected length   | the digits, whole  |
|           | `#`                                  | the digits         |
|           | 2.5 s without a key                  | the digits         |

The tone of a key is in the audio too, and loud. `tone` says for how long the detector's frames mean nothing: Twilio
reports a key when it has recognised it, so its frames before the report were judged voice, a few; the tail is known.
"""

from __future__ import annotations

FRAME_MS = 20
GATHER_FRAMES = 2500 // FRAME_MS
TONE_FRAMES = 160 // FRAME_MS  # after the report; a key is held for 100-200 ms, and reported after 40 or more
KEYS = "0123456789*#"


class DigitGatherer:
    """One call's keys. `tick` once a frame."""

    def __init__(self) -> None:
        self._digits = ""
        self._quiet = 0
        self._tone = 0
        self._length = 0

    @property
    def gathering(self) -> bool:
        """A number is being keyed in."""
        return bool(self._digits)

    @property
    def tone(self) -> bool:
        """A key has just been pressed: what this frame holds is its tone, no voice."""
        return self._tone > 0

    def expect(self, length: int) -> None:
        """The slot that was asked for takes so many keys; 0: unknown, `#` or a pause ends them."""
        self._length = length

    def press(self, digit: str) -> str | None:
        """A key. Returns the whole number if this ends it. Anything that is no key is ignored."""
        if len(digit) != 1 or digit not in KEYS:
            return None
        self._quiet, self._tone = 0, TONE_FRAMES
        if digit == "#":
            return self._take() or "#"
        self._digits += digit
        return self._take() if len(self._digits) == self._length else None

    def tick(self) -> str | None:
        """A frame has passed. Returns the number that a pause has ended."""
        if self._tone:
            self._tone -= 1
        if not self._digits:
            return None
        self._quiet += 1
        return self._take() if self._quiet >= GATHER_FRAMES else None

    def _take(self) -> str:
        digits, self._digits = self._digits, ""
        return digits
