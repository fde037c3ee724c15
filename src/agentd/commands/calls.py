"""`agentd calls`: the calls that were kept, and one of them as it was heard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentd.commands._common import config_option, table
from agentd.commands._store import moment, since, with_store
from agentd.errors import AgentdError

if TYPE_CHECKING:
    from agentd.storage import CallRow, Conversation, TurnRow
    from agentd.store.sql_store import SqlStore


class NoSuchCall(AgentdError):
    code = "no-such-call"


@click.group()
def command() -> None:
    """The calls that were kept.

    \b
    agentd calls list                    the newest fifty
    agentd calls list --since 24h --json
    agentd calls show CA0123...          what was said, how fast, and how it ended
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
    columns = ("began", "caller", "called", "s", "turns", "ended", "call")
    table("Calls", columns, [_line(call) for call in found])


@command.command("show")
@click.argument("call_sid")
@click.option("--json", "as_data", is_flag=True, help="All that is kept of it; times in ms since 1970.")
@config_option
def show_call(call_sid: str, as_data: bool, config: Path | None) -> None:
    """One call: the conversation as it was heard, how long each answer took, and how it ended."""

    async def read(store: SqlStore) -> Conversation | None:
        return await store.conversation(call_sid)

    found = with_store(config, read)
    if found is None:
        raise NoSuchCall(f"no call {call_sid} is kept; `agentd calls list` shows those that are")
    if as_data:
        from agentd.commands._as_data import as_json, conversation

        click.echo(as_json(conversation(found)))
        return
    call = found.call
    click.echo(f"{call.call_sid}  {call.caller.text} -> {call.called}  {moment(call.began_ms)}")
    click.echo(f"{_length(call)} s, {call.turns} turns, {call.streams} stream(s), ended: {_end(call)}\n")
    for line in found.lines:
        at_s = max(0, line.at_ms - call.began_ms) // 1000
        click.echo(f"{at_s // 60:02}:{at_s % 60:02}  {line.who:6}  {line.text.text}{' —' if line.cut else ''}")
    click.echo("")
    columns = ("turn", "kind", "first partial", "text", "end seen", "audio", "answer", "")
    table("Milliseconds after the caller's last word (first partial: after the first)", columns, _measures(found))
    for recording in found.recordings:
        length = "" if recording.duration_s is None else f", {recording.duration_s} s"
        click.echo(f"recording {recording.recording_sid}: {recording.status}{length}")


def _line(call: CallRow) -> tuple[str, ...]:
    caller, called = call.caller.text, call.called
    return (moment(call.began_ms), caller, called, _length(call), str(call.turns), _end(call), call.call_sid)


def _length(call: CallRow) -> str:
    return "-" if call.ended_ms is None else str(round((call.ended_ms - call.began_ms) / 1000))


def _end(call: CallRow) -> str:
    if call.reason is None:
        return "live, or cut short with the process"
    return f"{call.reason}: {call.crash}" if call.crash else call.reason


def _measures(found: Conversation) -> list[tuple[str, ...]]:
    return [
        (
            str(turn.turn),
            turn.kind,
            *map(_ms, (turn.stt_first_partial_ms, turn.stt_final_ms, turn.eou_wait_ms, turn.tts_ready_ms)),
            _ms(turn.total_latency_ms),
            _notes(turn),
        )
        for turn in found.turns
    ]


def _notes(turn: TurnRow) -> str:
    flags = (("interrupted", turn.barge_in_hit), ("prepared early", turn.speculative), ("filler", turn.filler))
    return ", ".join(name for name, held in flags if held)


def _ms(value: int | None) -> str:
    return "-" if value is None else str(value)
