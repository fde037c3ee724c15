"""A recorded call that is cancelled at any step leaves no task, and no recording without consent."""

from __future__ import annotations

from pathlib import Path

import trio

from agentd.events_beside import RecordingState
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.testing.stage import Stage, stage
from tests.call.test_recording import OFFICE, Twilio, house


def test_a_recorded_call_cancelled_anywhere(tmp_path: Path) -> None:
    async def scenario(scope: trio.CancelScope) -> tuple[list[str], list[str]]:
        twilio = Twilio()
        made: list[Stage] = []
        with scope:
            async with stage(playbook=OFFICE, recordings=house(twilio, tmp_path), step_ms=100) as s:
                made.append(s)
                await s.caller.silence(7)
                await s.caller.says("do not record me")
                await s.caller.silence(2)
        return twilio.asked, [e.state for s in made for e in s.events(RecordingState)]

    def check(seen: tuple[list[str], list[str]]) -> None:
        asked, states = seen
        if asked:
            assert states[:2] == ["announced", "recording"]
        assert asked in ([], ["start"], ["start", "stopped RE1"])

    assert cancel_everywhere(scenario, check=check, stride=41).runs > 10
