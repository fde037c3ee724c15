"""A message whose sender gives up at any step is sent once at most, whoever tries again."""

from __future__ import annotations

import trio

from agentd.agents.messenger import TwilioMessenger
from agentd.events import Private
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.web.twilio_rest import Outgoing
from tests.agents.memory_log import MemoryLog

DANA = Private("+972501234567")


class Twilio:
    """Takes a message some time before it says so."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []

    async def send_message(self, message: Outgoing) -> str:
        await trio.sleep(0.1)
        self.taken.append(message)
        await trio.sleep(0.1)
        return f"SM{len(self.taken)}"


def test_a_message_that_is_given_up_anywhere_is_never_sent_twice() -> None:
    async def scenario(scope: trio.CancelScope) -> tuple[int, str]:
        twilio, log = Twilio(), MemoryLog()
        messenger = TwilioMessenger(log, twilio, "MG1", "", lambda event: None)
        with scope:
            await messenger.send(DANA, "x", "k", template="HX1")
        again = await messenger.send(DANA, "x", "k", template="HX1")
        return len(twilio.taken), again.status

    def check(seen: tuple[int, str]) -> None:
        taken, status = seen
        assert taken <= 1
        assert status in ("queued", "sending")
        if status == "queued":
            assert taken == 1

    assert cancel_everywhere(scenario, check=check).runs > 3
