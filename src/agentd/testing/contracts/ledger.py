"""What every ledger must do. Under the real clock: ledgers use threads."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import trio

from agentd.events import Private
from agentd.ledger import ApprovalRow, Ledger, ToolCallRow
from agentd.testing.contracts.base import Contract


def judged(id: str = "tc-1", *, tool: str = "leads.upsert", ruling: str = "allow", at_ms: int = 1000) -> ToolCallRow:
    return ToolCallRow(
        id=id,
        key=f"CA1/{tool}/{id}",
        call_sid="CA1",
        turn=3,
        agent="voice",
        tool=tool,
        effect="ours",
        arguments=Private('{"name":"Dana","phone":"+972501234567"}'),
        ruling=ruling,
        rule="allowed",
        at_ms=at_ms,
    )


def question(id: str = "ap-1", *, asked_ms: int = 1000, call_sid: str = "CA1") -> ApprovalRow:
    return ApprovalRow(
        id=id,
        call_sid=call_sid,
        agent="voice",
        tool="crm.update",
        arguments=Private('{"budget":"2500000"}'),
        digest="d" * 64,
        why="a field that is not name, email or notes",
        state="pending",
        version=1,
        asked_ms=asked_ms,
        expires_ms=asked_ms + 60_000,
    )


def decided(before: ApprovalRow, state: str, by: str = "dana") -> ApprovalRow:
    return replace(before, state=state, version=before.version + 1, decided_ms=2000, decided_by=by)


class LedgerContract(Contract):
    """Give `opened`: an empty ledger."""

    virtual = False

    def opened(self) -> AbstractAsyncContextManager[Ledger]:
        raise NotImplementedError

    async def test_a_verdict_comes_back_as_it_was_written(self) -> None:
        async with self.opened() as ledger:
            await ledger.tool_judged(judged())
            assert await ledger.tool_calls("CA1") == [judged()]
            assert await ledger.tool_calls("CA2") == []

    async def test_a_verdict_may_be_written_again(self) -> None:
        async with self.opened() as ledger:
            await ledger.tool_judged(judged())
            await ledger.tool_over("tc-1", "ok", Private("{}"), 12)
            await ledger.tool_judged(judged())
            [found] = await ledger.tool_calls("CA1")
        assert found.outcome == "ok"

    async def test_the_first_outcome_stays(self) -> None:
        async with self.opened() as ledger:
            await ledger.tool_judged(judged())
            await ledger.tool_over("tc-1", "ok", Private('{"lead":"L1"}'), 12)
            await ledger.tool_over("tc-1", "timeout", Private("{}"), 5000)
            await ledger.tool_over("tc-2", "ok", Private("{}"), 1)  # nobody knows it: nothing happens
            assert await ledger.tool_calls("CA1") == [
                replace(judged(), outcome="ok", result=Private('{"lead":"L1"}'), ms=12)
            ]

    async def test_the_tool_calls_of_a_call_are_in_order(self) -> None:
        async with self.opened() as ledger:
            for number in (3, 1, 2):
                await ledger.tool_judged(judged(f"tc-{number}", at_ms=1000 * number))
            assert [row.id for row in await ledger.tool_calls("CA1")] == ["tc-1", "tc-2", "tc-3"]

    async def test_calls_that_were_allowed_are_counted_by_tool_and_time(self) -> None:
        async with self.opened() as ledger:
            for number, ruling in enumerate(("allow", "allow", "deny", "ask")):
                await ledger.tool_judged(
                    judged(f"tc-{number}", tool="whatsapp.send", ruling=ruling, at_ms=1000 * number)
                )
            await ledger.tool_judged(judged("tc-9", at_ms=9000))
            await ledger.tool_over("tc-3", "denied", Private("{}"), 0)
            assert await ledger.calls_with_tool_since("whatsapp.send", 0) == 2
            assert await ledger.calls_with_tool_since("whatsapp.send", 1000) == 1
            assert await ledger.calls_with_tool_since("whatsapp.send", 1001) == 0

    async def test_a_question_comes_back_as_it_was_asked(self) -> None:
        async with self.opened() as ledger:
            await ledger.ask(question())
            await ledger.ask(question())
            assert await ledger.approval("ap-1") == question()
            assert await ledger.approval("ap-2") is None

    async def test_questions_are_listed_newest_first_by_state(self) -> None:
        async with self.opened() as ledger:
            for number in range(4):
                await ledger.ask(question(f"ap-{number}", asked_ms=1000 * number))
            denied = question("ap-2", asked_ms=2000)
            await ledger.change(denied, decided(denied, "denied"))
            assert [row.id for row in await ledger.approvals()] == ["ap-3", "ap-2", "ap-1", "ap-0"]
            assert [row.id for row in await ledger.approvals(state="pending", limit=2)] == ["ap-3", "ap-1"]
            assert [row.id for row in await ledger.approvals(state="denied")] == ["ap-2"]

    async def test_a_change_holds_and_leaves_the_question_as_it_was(self) -> None:
        async with self.opened() as ledger:
            await ledger.ask(question())
            after = decided(question(), "approved")
            assert await ledger.change(question(), replace(after, arguments=Private('{"budget":"1"}')))
            assert await ledger.approval("ap-1") == after
            assert await ledger.change(after, replace(after, state="used", version=3))

    async def test_a_change_of_what_has_changed_does_not_hold(self) -> None:
        async with self.opened() as ledger:
            await ledger.ask(question())
            assert await ledger.change(question(), decided(question(), "denied"))
            assert not await ledger.change(question(), decided(question(), "approved"))
            assert not await ledger.change(question("ap-2"), decided(question("ap-2"), "approved"))
            assert await ledger.approval("ap-1") == decided(question(), "denied")

    async def test_of_many_decisions_at_once_one_holds(self) -> None:
        async with self.opened() as ledger:
            await ledger.ask(question())
            held: list[str] = []

            async def one(by: str) -> None:
                if await ledger.change(question(), decided(question(), "approved", by)):
                    held.append(by)

            async with trio.open_nursery() as nursery:
                for number in range(6):
                    nursery.start_soon(one, f"operator {number}")
            found = await ledger.approval("ap-1")
        assert found is not None
        assert held == [found.decided_by]
