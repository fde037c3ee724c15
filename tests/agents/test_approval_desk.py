"""A tool call waits for a person: who decides, who is late, what a hang-up leaves. In virtual time."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock

from agentd.agents.approvals import ApprovalDesk, Outcome, answer, new_id
from agentd.core.approvals import ApprovalRefused, Decision, digest_of
from agentd.events import ApprovalAsked, ApprovalOver, Event
from agentd.ledger import ApprovalRow
from agentd.storage import StoreError
from agentd.testing.ledger import MemoryLedger

TOOL, ARGUMENTS = "crm.update", '{"value": "9000", "id": "c1"}'
DIGEST = digest_of(TOOL, ARGUMENTS)


def now_ms() -> int:
    return 1_700_000_000_000 + round(trio.current_time() * 1000)


class Office:
    """One desk of a house over a ledger, and what came of one question."""

    def __init__(self, ledger: MemoryLedger | None = None) -> None:
        self.ledger = ledger or MemoryLedger()
        self.desk = ApprovalDesk(self.ledger, 60.0, now_ms)
        self.events: list[Event] = []
        self.outcome: Outcome | None = None
        self.after_s = 0.0

    async def ask(self, id: str = "ap-1") -> None:
        began = trio.current_time()
        self.outcome = await self.desk.decide(
            id, tool=TOOL, agent="voice", call_sid="CA1", arguments=ARGUMENTS, why="needs a person",
            emit=self.events.append,
        )  # fmt: skip
        self.after_s = trio.current_time() - began

    def states(self, id: str = "ap-1") -> list[str]:
        return [row.state for row in self.ledger.history[id]]

    def over(self) -> list[str]:
        return [event.state for event in self.events if isinstance(event, ApprovalOver)]


async def test_the_row_holds_the_question_while_it_waits(autojump_clock: MockClock) -> None:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(1)
        [row] = await office.ledger.approvals(state="pending")
        assert (row.tool, row.agent, row.call_sid, row.why) == (TOOL, "voice", "CA1", "needs a person")
        assert (row.arguments.text, row.digest) == ('{"id":"c1","value":"9000"}', DIGEST)
        assert row.expires_ms - row.asked_ms == 60_000
        assert office.events == [ApprovalAsked(approval="ap-1", tool=TOOL)]
        assert "9000" not in repr(row)
        nursery.cancel_scope.cancel()


async def test_a_yes_through_this_house_lets_the_tool_run_at_once_and_is_used_up(autojump_clock: MockClock) -> None:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(3.1)
        await office.desk.answer("ap-1", Decision.APPROVE, DIGEST, "Noa")
    assert (office.outcome, office.over()) == ("approved", ["used"])
    assert office.after_s == pytest.approx(3.1)
    assert office.states() == ["pending", "approved", "used"]


@pytest.mark.parametrize(
    ("decision", "outcome", "end"), [(Decision.APPROVE, "approved", "used"), (Decision.DENY, "denied", "denied")]
)
async def test_a_decision_of_another_process_is_noticed_within_half_a_second(
    autojump_clock: MockClock, decision: Decision, outcome: str, end: str
) -> None:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(3.1)
        await answer(office.ledger, "ap-1", decision, DIGEST, "Noa", now_ms)
    assert (office.outcome, office.over()) == (outcome, [end])
    assert 3.1 <= office.after_s <= 3.6


async def test_silence_is_a_no_and_a_yes_after_it_is_refused(autojump_clock: MockClock) -> None:
    office = Office()
    await office.ask()
    assert (office.outcome, office.over(), office.after_s) == ("expired", ["expired"], pytest.approx(60))
    with pytest.raises(ApprovalRefused, match="expired") as late:
        await office.desk.answer("ap-1", Decision.APPROVE, DIGEST, "Noa")
    assert late.value.code == "expired"
    assert office.states() == ["pending", "expired"]


async def test_a_yes_in_the_last_moment_counts_and_its_tool_runs(autojump_clock: MockClock) -> None:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(59.99)
        await answer(office.ledger, "ap-1", Decision.APPROVE, DIGEST, "Noa", now_ms)
    assert (office.outcome, office.states()[-1]) == ("approved", "used")


async def test_a_yes_from_a_clock_that_is_behind_loses_to_an_expiry_that_is_written(autojump_clock: MockClock) -> None:
    office = Office()
    await office.ask()
    with pytest.raises(ApprovalRefused):
        await answer(office.ledger, "ap-1", Decision.APPROVE, DIGEST, "Noa", lambda: now_ms() - 30_000)


async def test_of_two_operators_one_wins_and_the_other_is_told_what_holds(autojump_clock: MockClock) -> None:
    office, told = Office(), []

    async def operator(name: str, decision: Decision, desk: ApprovalDesk) -> None:
        try:
            row = await desk.answer("ap-1", decision, DIGEST, name)
            told.append(f"{name}: {row.state}")
        except ApprovalRefused as refused:
            told.append(f"{name} is told: {refused}")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(1)
        other_node = ApprovalDesk(office.ledger, 60.0, now_ms)
        nursery.start_soon(operator, "Noa", Decision.APPROVE, office.desk)
        nursery.start_soon(operator, "Dana", Decision.DENY, other_node)
    assert len(told) == 2
    if office.outcome == "approved":
        assert sorted(told) == ["Dana is told: ap-1 was approved by Noa", "Noa: approved"]
    else:
        assert office.outcome == "denied"
        assert sorted(told) == ["Dana: denied", "Noa is told: ap-1 was denied by Dana"]


async def test_a_hang_up_voids_what_waits_and_nothing_can_be_approved_afterwards(autojump_clock: MockClock) -> None:
    office = Office()
    with trio.move_on_after(5):
        await office.ask()
    assert (office.outcome, office.over(), office.states()) == (None, ["void"], ["pending", "void"])
    with pytest.raises(ApprovalRefused, match="ended with its call"):
        await office.desk.answer("ap-1", Decision.APPROVE, DIGEST, "Noa")


async def test_a_hang_up_after_a_yes_that_was_not_yet_noticed_voids_it_too(autojump_clock: MockClock) -> None:
    office = Office()
    with trio.move_on_after(5.3):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(office.ask)
            await trio.sleep(5.2)
            await answer(office.ledger, "ap-1", Decision.APPROVE, DIGEST, "Noa", now_ms)
            await trio.sleep_forever()
    assert (office.outcome, office.states()) == (None, ["pending", "approved", "void"])


async def test_a_question_that_cannot_be_written_is_not_asked(autojump_clock: MockClock) -> None:
    office = Office()
    office.ledger.broken = "disk full"
    with pytest.raises(StoreError):
        await office.ask()
    assert office.events == []


async def test_a_ledger_that_comes_back_in_time_costs_nothing(autojump_clock: MockClock) -> None:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(1)
        office.ledger.broken = "gone"
        await trio.sleep(10)
        office.ledger.broken = ""
        await office.desk.answer("ap-1", Decision.APPROVE, DIGEST, "Noa")
    assert office.outcome == "approved"


async def test_a_ledger_that_stays_away_is_a_no(autojump_clock: MockClock) -> None:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(1)
        await office.desk.answer("ap-1", Decision.APPROVE, DIGEST, "Noa")
        office.ledger.broken = "gone"
    assert (office.outcome, office.over()) == ("expired", ["expired"])


async def test_a_hang_up_while_the_ledger_is_away_ends_in_time(autojump_clock: MockClock) -> None:
    office, began = Office(), trio.current_time()
    with trio.move_on_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(office.ask)
            await trio.sleep(1)
            office.ledger.broken = "gone"
    assert trio.current_time() - began <= 9
    office.ledger.broken = ""
    await trio.sleep(60)
    with pytest.raises(ApprovalRefused) as late:  # nobody wrote it, and yet it has expired
        await office.desk.answer("ap-1", Decision.APPROVE, DIGEST, "Noa")
    assert late.value.code == "expired"


async def test_a_row_that_somebody_rewrote_runs_nothing(autojump_clock: MockClock) -> None:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(1)
        [row] = await office.ledger.approvals()
        forged: ApprovalRow = replace(
            row, state="approved", digest=digest_of(TOOL, "{}"), version=2, decided_ms=now_ms()
        )
        office.ledger.history["ap-1"].append(forged)  # past every rule
    assert (office.outcome, office.over()) == ("void", ["void"])


async def test_what_was_approved_once_cannot_be_used_by_a_second_waiter(autojump_clock: MockClock) -> None:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.ask)
        await trio.sleep(1)
        [row] = await office.ledger.approvals()
        taken = replace(row, state="used", version=2, decided_ms=now_ms(), decided_by="Noa")
        assert await office.ledger.change(row, taken)
    assert office.outcome == "void"


async def test_an_approval_nobody_asked_for_is_unknown(autojump_clock: MockClock) -> None:
    with pytest.raises(ApprovalRefused) as nobody:
        await answer(MemoryLedger(), "ap-9", Decision.DENY, DIGEST, "Noa", now_ms)
    assert nobody.value.code == "unknown"


def test_ids_are_short_and_differ() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
    assert all(len(new_id()) == 15 for _ in range(3))
