"""One call, to be read: what was said, how fast, what was found out, what was done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from agentd.commands._common import table
from agentd.commands._store import moment

if TYPE_CHECKING:
    from agentd.office import Lead, Meeting, Note
    from agentd.storage import CallRow, Conversation, Dealings, TurnRow


def show(found: Conversation, dealings: Dealings) -> None:
    """Print it. Parts that are empty are left out."""
    call = found.call
    name = f" {call.name.text}" if call.name.text else ""
    click.echo(f"{call.call_sid}  {call.caller.text}{name} -> {call.called}  {moment(call.began_ms)}")
    click.echo(f"{length_of(call)} s, {call.turns} turns, {call.streams} stream(s), ended: {end_of(call)}\n")
    for line in found.lines:
        click.echo(f"{_at(call, line.at_ms)}  {line.who:6}  {line.text.text}{' —' if line.cut else ''}")
    click.echo("")
    _table_of_measures(found)
    if found.tool_calls:
        click.echo("")
        _table_of_tool_calls(found)
    _show_results(found, dealings)


def _show_results(found: Conversation, dealings: Dealings) -> None:
    lines = []
    if found.slots is not None:
        missing = f" ({found.slots.missing} missing)" if found.slots.missing else ""
        lines.append(f"slots{missing}: {_values(json.loads(found.slots.known.text))}")
    lines += [f"approval {each.id}: {each.tool}, {each.state} {each.decided_by}".rstrip() for each in found.approvals]
    lines += [_lead(lead) for lead in dealings.leads]
    lines += [_meeting(meeting) for meeting in dealings.meetings]
    lines += [f"note: {note.text.text}" for note in found.notes]
    if found.summary.text:
        lines.append(f"summary: {found.summary.text}")
    lines += [_message(note) for note in dealings.messages]
    for recording in found.recordings:
        length = "" if recording.duration_s is None else f", {recording.duration_s} s"
        lines.append(f"recording {recording.recording_sid}: {recording.status}{length}")
    if lines:
        click.echo("\n" + "\n".join(lines))


def length_of(call: CallRow) -> str:
    return "-" if call.ended_ms is None else str(round((call.ended_ms - call.began_ms) / 1000))


def end_of(call: CallRow) -> str:
    if call.reason is None:
        return "live, or cut short with the process"
    return f"{call.reason}: {call.crash}" if call.crash else call.reason


def _table_of_measures(found: Conversation) -> None:
    columns = ("turn", "kind", "first partial", "text", "end seen", "audio", "answer", "")
    rows = [
        (
            str(turn.turn),
            turn.kind,
            *map(_ms, (turn.stt_first_partial_ms, turn.stt_final_ms, turn.eou_wait_ms, turn.tts_ready_ms)),
            _ms(turn.total_latency_ms),
            _notes(turn),
        )
        for turn in found.turns
    ]
    table("Milliseconds after the caller's last word (first partial: after the first)", columns, rows)


def _table_of_tool_calls(found: Conversation) -> None:
    columns = ("at", "agent", "tool", "ruling", "rule", "outcome", "ms")
    rows = [
        (_at(found.call, row.at_ms), row.agent, row.tool, row.ruling, row.rule, row.outcome or "not over", _ms(row.ms))
        for row in found.tool_calls
    ]
    table("Tool calls", columns, rows)


def _notes(turn: TurnRow) -> str:
    flags = (("interrupted", turn.barge_in_hit), ("prepared early", turn.speculative), ("filler", turn.filler))
    return ", ".join(name for name, held in flags if held)


def _lead(lead: Lead) -> str:
    tags = f" [{', '.join(lead.tags)}]" if lead.tags else ""
    return f"lead {lead.id}: {lead.name.text or '-'}, {lead.playbook}, {lead.status}{tags}: {_values(lead.slots)}"


def _meeting(meeting: Meeting) -> str:
    where = f", {meeting.place}" if meeting.place else ""
    return f"meeting {meeting.id}: {moment(meeting.span.from_ms)}, {meeting.title}{where}, {meeting.status}"


def _message(note: Note) -> str:
    who = "agent" if note.ours else "caller"
    return f"message {moment(note.at_ms)}  {who:6}  {note.text.text} ({note.status})"


def _values(values: Mapping[str, object]) -> str:
    """ "area=Haifa, rooms=4"."""
    return ", ".join(f"{name}={value}" for name, value in values.items()) or "-"


def _at(call: CallRow, at_ms: int) -> str:
    """Minutes and seconds of the call; what a job did afterwards has a time of day."""
    if call.ended_ms is not None and at_ms > call.ended_ms:
        return moment(at_ms)[-8:]
    at_s = max(0, at_ms - call.began_ms) // 1000
    return f"{at_s // 60:02}:{at_s % 60:02}"


def _ms(value: int | None) -> str:
    return "-" if value is None else str(value)
