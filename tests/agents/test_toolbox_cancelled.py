"""Cancelled at every task step, the gate leaves no effect without its verdict, and none without its outcome."""

from __future__ import annotations

import trio

from agentd.core.approvals import Decision
from agentd.events import ApprovalAsked
from agentd.ledger import ToolCallRow
from agentd.testing.cancel_everywhere import cancel_everywhere
from tests.agents.house import CALL, CALLER, House

Seen = tuple[list[tuple[str, str]], list[ToolCallRow], House]


async def booking(scope: trio.CancelScope) -> Seen:
    house = House()
    house.office.delay_s = 0.5
    call = house.conversation()
    with scope:
        await call.get("calendar.find_slots")
        await call.get("calendar.create", start="2026-03-01T09:00")
        await call.get("whatsapp.send", text="Sunday, March 1 at 09:00")
    await call.desk.aclose()
    return house.office.effects, await house.ledger.tool_calls(CALL), house


def recorded(seen: Seen) -> None:
    effects, rows, house = seen
    done = {"calendar.create": "book", "whatsapp.send": "send"}
    assert effects == [(done[row.tool], CALLER) for row in rows if row.tool in done and row.outcome == "ok"]
    assert all(row.outcome in ("ok", "cancelled", "") for row in rows)
    begun = {(tool, outcome) for tool, outcome in house.outcomes()}
    assert begun == {(row.tool, row.outcome) for row in rows if row.outcome}


async def asking(scope: trio.CancelScope) -> Seen:
    house = House(tools_ask="whatsapp.send")
    call = house.conversation()

    async def approve() -> None:
        while not house.of(ApprovalAsked):
            await trio.sleep(0.1)
        for row in await house.ledger.approvals(state="pending"):
            await house.approvals.answer(row.id, Decision.APPROVE, row.digest, "Noa")

    with scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(approve)
            await call.get("whatsapp.send", text="hello")
    await call.desk.aclose()
    return house.office.effects, await house.ledger.tool_calls(CALL), house


def approved(seen: Seen) -> None:
    effects, rows, house = seen
    states = [row.state for history in house.ledger.history.values() for row in history[-1:]]
    assert len(effects) == states.count("used") == sum(row.outcome == "ok" for row in rows)
    assert "pending" not in states
    assert "approved" not in states


def test_a_booking_cancelled_anywhere() -> None:
    assert cancel_everywhere(booking, check=recorded).runs > 20


def test_a_question_to_a_person_cancelled_anywhere() -> None:
    assert cancel_everywhere(asking, check=approved).runs > 10
