"""The desk's tools as the SDK's. Imported on the side loop only.

| the SDK asks ...              | the gate ...             | and so                                                 |
|-------------------------------|--------------------------|--------------------------------------------------------|
| does this call need approval? | lets it run, or refuses  | no: the answer is there already, whatever it is        |
|                               | wants a person to decide | yes: the run is interrupted, and kept                  |
| the same, when it goes on     | the person has decided   | no, as above; the refusal of a person is a result, too |
| for the result                |                          | the answer from before                                 |

So there is one judge. The SDK's own approvals are never granted by hand: only a person, by way of our ledger, does.
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from agents import FunctionTool, RunContextWrapper
from agents.tool_context import ToolContext

from agentd.engines import ToolCall, ToolOffer
from agentd.tools import ToolAnswer
from agentd_openai_agents.gate import Gate


class DeskTools:
    """One run's. `waiting`: the ids of calls that a person has yet to decide on."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._answers: dict[str, ToolAnswer] = {}
        self.waiting: set[str] = set()
        self.tools = [self._tool(offer) for offer in gate.offers]

    async def judge(self, name: str, arguments: dict[str, Any], call_id: str) -> bool:
        """Through the gate. True: a person decides, and has not yet."""
        if call_id not in self._answers:
            answer = await self._gate.ask(ToolCall(call_id, name, arguments))
            if answer.pending:
                self.waiting.add(call_id)
                return True
            self._answers[call_id] = answer
        self.waiting.discard(call_id)
        return False

    def named(self, wire: str) -> str:
        """Our name of a tool that the model knows by `wire`."""
        return next((offer.name for offer in self._gate.offers if _wire(offer.name) == wire), wire)

    def _tool(self, offer: ToolOffer) -> FunctionTool:
        return FunctionTool(
            name=_wire(offer.name),
            description=offer.summary,
            params_json_schema=offer.schema,
            on_invoke_tool=partial(self._result, offer.name),
            strict_json_schema=False,
            needs_approval=partial(self._needs_approval, offer.name),
        )

    async def _needs_approval(
        self, name: str, context: RunContextWrapper[Any], arguments: dict[str, Any], call_id: str
    ) -> bool:
        return await self.judge(name, arguments, call_id)

    async def _result(self, name: str, context: ToolContext[Any], arguments: str) -> str:
        call_id = context.tool_call_id
        if await self.judge(name, json.loads(arguments or "{}"), call_id):
            return '{"error": "a person has not decided yet"}'
        return self._answers.pop(call_id).result


def _wire(name: str) -> str:
    """OpenAI allows no dots in a name, and 64 characters."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:64]
