"""How loud our own voice may come back on the line: what of it played 100 to 400 ms ago (SPEC 2.3).

sent --> not played for long enough --> in the window, and in its sum --> forgotten
"""

from __future__ import annotations

from collections import deque
from math import sqrt

FROM_S, TO_S = 0.1, 0.4
MOST = 64  # frames; lead and window together are 30


class OwnEcho:
    """One call's. Times are seconds of one clock that never goes back; the cost of a frame does not grow with them."""

    def __init__(self) -> None:
        self._ahead: deque[tuple[float, float]] = deque(maxlen=MOST)  # (when it plays, level squared)
        self._window: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    def sent(self, plays_at: float, power: float) -> None:
        """A frame of ours is on its way; `power`: the square of its level."""
        self._ahead.append((plays_at, power))

    def cleared(self, now: float) -> None:
        """What has not been played yet never will be."""
        while self._ahead and self._ahead[-1][0] > now:
            self._ahead.pop()

    def level(self, now: float) -> float:
        """RMS in int16 units over the window; 0 when nothing played then."""
        ahead, window = self._ahead, self._window
        while ahead and ahead[0][0] <= now - FROM_S:
            frame = ahead.popleft()
            window.append(frame)
            self._sum += frame[1]
        while window and window[0][0] < now - TO_S:
            self._sum -= window.popleft()[1]
        if not window:
            self._sum = 0.0  # and with it what rounding had left
            return 0.0
        return sqrt(max(self._sum, 0.0) / len(window))
