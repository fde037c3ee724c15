"""A tool call that waits in one process and is decided from others, on both databases."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from agentd.agents.approvals import ApprovalDesk, answer
from agentd.config import Settings
from agentd.core.approvals import ApprovalRefused, Decision, digest_of
from agentd.store.sql_store import SqlStore

TOOL, ARGUMENTS = "crm.update", '{"field":"tier","id":"c1","value":"gold"}'
DIGEST = digest_of(TOOL, ARGUMENTS)


def now_ms() -> int:
    return round(time.time() * 1000)


@asynccontextmanager
async def node(settings: Settings) -> AsyncIterator[SqlStore]:
    store = SqlStore(settings)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


async def test_of_many_operators_on_many_nodes_one_decides_and_the_tool_runs_or_not_accordingly(
    settings: Settings,
) -> None:
    won: list[str] = []
    refused: list[str] = []
    outcomes: list[str] = []

    async def tool(desk: ApprovalDesk) -> None:
        outcomes.append(
            await desk.decide(
                "ap-1", tool=TOOL, agent="voice", call_sid="CA1", arguments=ARGUMENTS, why="", emit=lambda event: None
            )
        )

    async def operator(store: SqlStore, name: str, decision: Decision) -> None:
        try:
            row = await answer(store, "ap-1", decision, DIGEST, name, now_ms)
            won.append(f"{row.state} by {name}")
        except ApprovalRefused as error:
            refused.append(str(error))

    with trio.fail_after(30):
        async with node(settings) as home, node(settings) as away:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tool, ApprovalDesk(home, 60.0, now_ms))
                while await away.approval("ap-1") is None:
                    await trio.sleep(0.01)
                for n in range(6):
                    nursery.start_soon(operator, (home, away)[n % 2], f"op{n}", list(Decision)[n // 3])
            row = await home.approval("ap-1")
            trail = [entry for entry in await home.trail() if entry.action == "approval"]
    [winner] = won
    assert refused == [f"ap-1 was {winner}"] * 5
    approved = winner.startswith("approved")
    assert outcomes == ["approved" if approved else "denied"]
    assert row is not None
    assert row.state == ("used" if approved else "denied")
    assert len(trail) == (3 if approved else 2)  # each change that held, and no other
    assert "gold" not in repr(trail)


async def test_a_hang_up_leaves_a_row_that_is_void(settings: Settings) -> None:
    async with node(settings) as store:
        desk = ApprovalDesk(store, 60.0, now_ms)
        with trio.move_on_after(0.3):
            await desk.decide(
                "ap-1", tool=TOOL, agent="voice", call_sid="CA1", arguments=ARGUMENTS, why="", emit=lambda event: None
            )
        [row] = await store.approvals()
        assert row.state == "void"
