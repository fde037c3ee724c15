"""From the SDK's loop to the desk and back: in order, one at a time, and no more than the gate takes."""

from __future__ import annotations

import asyncio
from typing import Any

import trio
from agentd_openai_agents.gate import MOST_AT_ONCE, TOO_MANY, Gate

from agentd.call.streams import SideLoop
from agentd.engines import Message, ToolCall
from agentd.tools import ToolAnswer


async def test_a_flood_of_calls_is_answered_and_not_done(desk: Any) -> None:
    """The desk is at its first call until all that are too many are turned down."""
    side, release, token = SideLoop("flood"), trio.Event(), trio.lowlevel.current_trio_token()
    desk.before = release.wait
    gate = Gate(desk, (), (), side)

    async def flood() -> list[ToolAnswer]:
        asked = [asyncio.create_task(gate.ask(ToolCall(str(n), "crm.update", {"n": n}))) for n in range(200)]
        for _, answer in zip(range(200 - MOST_AT_ONCE - 1), asyncio.as_completed(asked), strict=False):
            assert await answer is TOO_MANY
        token.run_sync_soon(release.set)
        return list(await asyncio.gather(*asked))

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gate.serve)
            answers = await side.run(flood)
            nursery.cancel_scope.cancel()
    side.close()
    done = [call.arguments["n"] for call, _ in desk.asked]
    assert done == list(range(len(done)))
    assert len(done) + answers.count(TOO_MANY) == 200


async def test_each_call_is_judged_by_all_that_came_before(desk: Any) -> None:
    side = SideLoop("order")
    before = [Message("tool", "{}", ToolCall("x", "leads.upsert", {}))]
    gate = Gate(desk, (Message("caller", "Hello."),), before, side)
    desk.answers["crm.update"] = ToolAnswer("{}", ok=False, pending=True)

    async def three() -> None:
        for name in ("leads.upsert", "crm.update", "whatsapp.send"):
            await gate.ask(ToolCall(name, name, {}))

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gate.serve)
            await side.run(three)
            nursery.cancel_scope.cancel()
    side.close()
    assert [known for _, known in desk.asked] == [2, 3, 3]  # what is pending has not happened
    assert [message.call.name for message in gate.done if message.call] == [
        "leads.upsert", "leads.upsert", "whatsapp.send"
    ]  # fmt: skip
