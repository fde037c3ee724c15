"""A hang-up at any task step of a wait for a person: the row has ended, and the tool runs only on one that is used."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio

from agentd.agents.approvals import ApprovalDesk, answer
from agentd.core.approvals import ApprovalRefused, Decision, digest_of
from agentd.events import ApprovalAsked, ApprovalOver, Event
from agentd.ledger import ApprovalRow
from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.testing.ledger import MemoryLedger

TOOL, ARGUMENTS = "crm.update", '{"id":"c1"}'


class Noticed(MemoryLedger):
    """A ledger that notices a cancel once its change is written, as one that waits for a thread may."""

    async def ask(self, row: ApprovalRow) -> None:
        await super().ask(row)
        await trio.lowlevel.checkpoint()

    async def change(self, before: ApprovalRow, after: ApprovalRow) -> bool:
        changed = await super().change(before, after)
        await trio.lowlevel.checkpoint()
        return changed


@pytest.mark.parametrize("kind", [MemoryLedger, Noticed])
@pytest.mark.parametrize("decision", [*Decision, None])
def test_wherever_the_call_ends_nothing_is_left_open(kind: type[MemoryLedger], decision: Decision | None) -> None:
    ends: set[str] = set()

    async def scenario(scope: trio.CancelScope) -> tuple[list[str], list[str], list[Event]]:
        ledger, outcomes, events = kind(), [], []
        desk = ApprovalDesk(ledger, 3.0, lambda: round(trio.current_time() * 1000))

        async def call() -> None:
            with scope:
                outcomes.append(
                    await desk.decide(
                        "ap-1", tool=TOOL, agent="voice", call_sid="CA1", arguments=ARGUMENTS, why="",
                        emit=events.append,
                    )
                )  # fmt: skip

        async def person() -> None:
            await trio.sleep(1.2)
            if decision is not None:
                with suppress(ApprovalRefused):
                    await answer(ledger, "ap-1", decision, digest_of(TOOL, ARGUMENTS), "Noa", desk.now_ms)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            nursery.start_soon(person)
        states = [row.state for row in ledger.history.get("ap-1", [])]
        return states, outcomes, events

    def check(result: tuple[list[str], list[str], list[Event]]) -> None:
        states, outcomes, events = result
        last = states[-1] if states else "never asked"
        ends.add(last)
        assert last not in ("pending", "approved")
        if outcomes == ["approved"]:
            assert states == ["pending", "approved", "used"]
        asked = [event for event in events if isinstance(event, ApprovalAsked)]
        over = [event for event in events if isinstance(event, ApprovalOver)]
        assert len(asked) == len(over) <= 1  # the gauge of those that wait comes back to 0

    swept = cancel_everywhere(scenario, check=check)
    assert swept.runs > 10
    undisturbed = {None: "expired", Decision.APPROVE: "used", Decision.DENY: "denied"}[decision]
    assert {"never asked", "void", undisturbed} <= ends
