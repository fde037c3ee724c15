"""A process that goes on with a run which another one has kept: `python go_on_child.py URL < state`. Prints the tools
that its desk was asked for, and the summary."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import trio
from agentd_openai_agents.access import Access
from agentd_openai_agents.office import AgentsOffice

from agentd.back_office import Case, Closed
from agentd.core.playbook import Playbook
from agentd.core.policy import Effect
from agentd.engines import Message, ToolCall, ToolOffer
from agentd.events import Private
from agentd.tools import ToolAnswer


class Desk:
    """A person has said yes."""

    offers = (ToolOffer("crm.update", "Update.", {"type": "object", "properties": {}}),)

    def effect(self, name: str) -> Effect:
        return Effect.OURS

    async def run(self, call: ToolCall, said: Sequence[Message], turn: int) -> ToolAnswer:
        print(call.name)
        return ToolAnswer('{"done": true}', ok=True)

    async def aclose(self) -> None: ...


async def main(url: str, state: str) -> None:
    said = (Message("caller", "תחזרו אליי ל-054-7654321"),)
    case = Case("CA1", Private("+972501234567"), Playbook("office", "he-IL", "", ""), said, {}, Private(state))
    outcome = await AgentsOffice(Access("gpt-6-luna", url, "k")).after_call(case, Desk())
    assert isinstance(outcome, Closed)
    print(outcome.summary.text)


trio.run(main, sys.argv[1], sys.stdin.read())
