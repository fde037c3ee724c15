"""`agentd calls`: the calls that were kept, and one of them as it was heard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentd.commands._common import config_option, table
from agentd.commands._one_call import end_of, length_of, show
from agentd.commands._store import moment, since, with_store
from agentd.errors import AgentdError

if TYPE_CHECKING:
    from agentd.storage import CallRow, Conversation, Dealings
    from agentd.store.sql_store import SqlStore


class NoSuchCall(AgentdError):
    code = "no-such-call"


@click.group()
def command() -> None:
    """The calls that were kept.

    \b
    agentd calls list                    the newest fifty
    agentd calls list --since 24h --json
    agentd calls show CA0123...          what was said, what was done, and how it ended
    """


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many.")
@click.option("--since", "since_ms", type=since, help="Only later ones: a date (2026-11-21) or a length (24h, 7d).")
@click.option("--json", "as_data", is_flag=True, help="An array of objects; times in ms since 1970.")
@config_option
def list_calls(limit: int, since_ms: int | None, as_data: bool, config: Path | None) -> None:
    """The newest calls first."""

    async def read(store: SqlStore) -> list[CallRow]:
        return await store.calls(limit=limit, since_ms=since_ms or 0)

    found = with_store(config, read)
    if as_data:
        from agentd.commands._as_data import as_json, row

        click.echo(as_json([row(call) for call in found]))
        return
    columns = ("began", "caller", "name", "called", "s", "turns", "ended", "call")
    table("Calls", columns, [_line(call) for call in found])


@command.command("show")
@click.argument("call_sid")
@click.option("--json", "as_data", is_flag=True, help="All that is kept of it; times in ms since 1970.")
@config_option
def show_call(call_sid: str, as_data: bool, config: Path | None) -> None:
    """One call: the conversation as it was heard, how long each answer took, what was done, and how it ended. Messages
    are those of the day after it, too."""

    async def read(store: SqlStore) -> tuple[Conversation, Dealings]:
        found = await store.conversation(call_sid)
        if found is None:
            raise NoSuchCall(f"no call {call_sid} is kept; `agentd calls list` shows those that are")
        return found, await store.dealings_of(found.call)

    found, dealings = with_store(config, read)
    if as_data:
        from agentd.commands import _as_data

        click.echo(_as_data.as_json(_as_data.conversation(found) | _as_data.dealings(dealings)))
        return
    show(found, dealings)


def _line(call: CallRow) -> tuple[str, ...]:
    caller, name, length = call.caller.text, call.name.text or "-", length_of(call)
    return (moment(call.began_ms), caller, name, call.called, length, str(call.turns), end_of(call), call.call_sid)
