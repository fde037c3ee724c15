"""`agentd approvals`: the tool calls that wait for a person, and the decision, from a terminal.

Works on the store itself, so that it does the same beside any daemon that uses it, on this machine or another.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentd.commands._common import config_option, table
from agentd.commands._store import moment, with_store

if TYPE_CHECKING:
    from agentd.core.approvals import Decision
    from agentd.ledger import ApprovalRow, Ledger

WATCH_S = 1.0
STATES = ("pending", "approved", "denied", "expired", "void", "used")


@click.group()
def command() -> None:
    """What the agent may not do alone, and waits for a person.

    \b
    agentd approvals list                    what waits now
    agentd approvals list --watch            and what comes, until Ctrl-C
    agentd approvals list --state "" --json  all that ever waited, as data
    agentd approvals show ap-3f9c1a77b20d
    agentd approvals approve ap-3f9c1a77b20d
    agentd approvals deny ap-3f9c1a77b20d

    The first decision counts. Without one in APPROVAL_TIMEOUT_SEC the answer is no, and when the call ends as well.
    """


@command.command("list")
@click.option("--state", type=click.Choice(["", *STATES]), default="pending", show_default=True, help='"": all.')
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many.")
@click.option("--watch", is_flag=True, help="Go on, with a line for each that is new or has changed, until Ctrl-C.")
@click.option("--json", "as_data", is_flag=True, help="An array of objects; with --watch one object a line.")
@config_option
def list_approvals(state: str, limit: int, watch: bool, as_data: bool, config: Path | None) -> None:
    """What waits, the newest first, with its arguments."""
    if watch:
        with_store(config, lambda store: _watch(store, state, limit, as_data))
        return

    async def read(store: Ledger) -> list[ApprovalRow]:
        from agentd.agents.approvals import listed

        return await listed(store, state, limit, _now_ms())

    rows = with_store(config, read)
    if as_data:
        from agentd.agents.approvals import as_data as data
        from agentd.commands._as_data import as_json

        click.echo(as_json([data(row, _now_ms()) for row in rows]))
        return
    columns = ("approval", "asked", "left", "state", "agent", "tool", "arguments")
    table("Approvals", columns, [_line(row) for row in rows])


@command.command()
@click.argument("id")
@click.option("--json", "as_data", is_flag=True, help="One object; times in ms since 1970.")
@config_option
def show(id: str, as_data: bool, config: Path | None) -> None:
    """What would be done, why, and what came of it."""
    row = with_store(config, lambda store: _one(store, id))
    if as_data:
        from agentd.agents.approvals import as_data as data
        from agentd.commands._as_data import as_json

        click.echo(as_json(data(row, _now_ms())))
        return
    _tell(row)


@command.command()
@click.argument("id")
@config_option
def approve(id: str, config: Path | None) -> None:
    """Let it run, once and now. With exactly the arguments that `show` prints. Exit code 1 if somebody was first, or
    it has expired."""
    from agentd.core.approvals import Decision

    _decide(id, Decision.APPROVE, config)


@command.command()
@click.argument("id")
@config_option
def deny(id: str, config: Path | None) -> None:
    """Do not let it run. Exit code 1 if somebody was first, or it has expired."""
    from agentd.core.approvals import Decision

    _decide(id, Decision.DENY, config)


def _decide(id: str, decision: Decision, config: Path | None) -> None:
    from agentd.agents.approvals import answer

    async def write(store: Ledger) -> ApprovalRow:
        seen = await _one(store, id)  # an id never stands for other arguments than `show` printed for it
        return await answer(store, id, decision, seen.digest, _actor(), _now_ms)

    _tell(with_store(config, write))


async def _one(store: Ledger, id: str) -> ApprovalRow:
    from agentd.core.approvals import ApprovalRefused

    row = await store.approval(id)
    if row is None:
        raise ApprovalRefused("unknown", f"there is no approval {id}; `agentd approvals list` shows what waits")
    return row


async def _watch(store: Ledger, state: str, limit: int, as_data: bool) -> None:
    """Until Ctrl-C. A line each, flushed: somebody's program may read it."""
    import msgspec
    import trio

    from agentd.agents.approvals import as_data as data
    from agentd.agents.approvals import listed

    told: dict[str, int] = {}
    while True:
        rows = await listed(store, state, limit, _now_ms())
        for row in reversed(rows):
            if told.get(row.id) != row.version:
                line = msgspec.json.encode(data(row, _now_ms())).decode() if as_data else "  ".join(_line(row))
                click.echo(line)
        told = {row.id: row.version for row in rows}
        await trio.sleep(WATCH_S)


def _line(row: ApprovalRow) -> tuple[str, ...]:
    from agentd.core.approvals import state_at

    state = state_at(row, _now_ms())
    left = f"{max(0, row.expires_ms - _now_ms()) // 1000} s" if state == "pending" else "-"
    return (row.id, moment(row.asked_ms), left, state.value, row.agent, row.tool, row.arguments.text)


def _tell(row: ApprovalRow) -> None:
    from agentd.core.approvals import state_at

    click.echo(f"{row.id}  {row.tool}  for the {row.agent} agent, call {row.call_sid or '-'}")
    click.echo(f"arguments: {row.arguments.text}")
    click.echo(f"why:       {row.why}")
    click.echo(f"asked:     {moment(row.asked_ms)}, until {moment(row.expires_ms)}")
    decided = f", decided by {row.decided_by} at {moment(row.decided_ms)}" if row.decided_ms is not None else ""
    click.echo(f"state:     {state_at(row, _now_ms())}{decided}")


def _actor() -> str:
    return f"command line: {os.environ.get('USER') or os.getuid()}"


def _now_ms() -> int:
    return round(time.time() * 1000)
