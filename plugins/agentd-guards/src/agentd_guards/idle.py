"""A line on which we send nothing for long may be taken for dead: a short silence keeps it alive."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from agentd.hookspecs import CallView

SILENCE_MS = 100  # five frames: media enough for any proxy, and nothing that a caller could hear
SOON_S = 0.05  # sleeps are not exact: this near is there
LEAST_WAIT_S = 1.0  # when the line turns out not to be idle after all


@dataclass(frozen=True, slots=True)
class IdleLine:
    """Silence once no media of ours has gone out for `after_s`."""

    after_s: float

    async def __call__(self, call: CallView) -> None:
        while True:
            left_s = self.after_s - call.sent_s_ago()
            if left_s > SOON_S:
                await trio.sleep(left_s)
                continue
            call.silence(SILENCE_MS)
            await trio.sleep(LEAST_WAIT_S)
