"""A line on which we send nothing for long may be taken for dead: a short silence keeps it alive."""

from __future__ import annotations

from dataclasses import dataclass

from agentd.hookspecs import CallView

SILENCE_MS = 100  # five frames: media enough for any proxy, and nothing that a caller could hear
SOON_S = 0.05  # sleeps are not exact: this near is there
LEAST_WAIT_S = 1.0  # when the line turns out not to be idle after all


@dataclass(frozen=True)
class IdleLine:
    """Silence once no media of ours has gone out for `after_s`."""

    after_s: float

    def clock(self) -> IdleLine:
        """It keeps nothing between two looks."""
        return IdleLine(self.after_s)

    def look(self, call: CallView) -> float:
        left_s = self.after_s - call.sent_s_ago()
        if left_s > SOON_S:
            return left_s
        call.silence(SILENCE_MS)
        return LEAST_WAIT_S
