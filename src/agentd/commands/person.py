"""`agentd person`: what is kept of a person, handed out or removed, as the law lets them ask."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentd.commands._common import config_option, load_settings_of_no_door
from agentd.commands._store import with_store
from agentd.errors import AgentdError

if TYPE_CHECKING:
    from agentd.storage import Counts, Person
    from agentd.store.sql_store import SqlStore

ACTOR = "command line"


class NobodyKnown(AgentdError):
    code = "nobody-known"


def number(value: str) -> str:
    """A number in the international form; spaces, dashes and brackets are left out. Raises click's usage error."""
    bare = re.sub(r"[\s().-]", "", value)
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", bare):
        raise click.BadParameter(f"{value!r} is no number in the international form, such as +972501234567")
    return bare


@click.group()
def command() -> None:
    """What is kept of a person, by their number.

    \b
    agentd person export +972501234567 > person.json
    agentd person delete +972501234567           asks first
    agentd person delete +972501234567 --yes

    Both leave an entry in the audit trail, which holds no personal data.
    """


@command.command()
@click.argument("phone", type=number)
@config_option
def export(phone: str, config: Path | None) -> None:
    """Everything that is kept, as JSON."""
    from agentd.commands._as_data import as_json, person

    async def read(store: SqlStore) -> Person:
        import time

        from agentd.events import Private

        found = await store.person(Private(phone))
        if not found.nobody:
            counts: dict[str, str | int] = {"calls": len(found.calls)}
            await store.audit(ACTOR, "person-export", counts, round(time.time() * 1000))
        return found

    click.echo(as_json(person(_somebody(with_store(config, read), phone))))


@command.command()
@click.argument("phone", type=number)
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def delete(phone: str, yes: bool, config: Path | None) -> None:
    """Remove everything that is kept: calls with all that belongs to them, the customer, leads, meetings, messages."""
    from agentd.call.recording_files import recordings_of
    from agentd.events import Private

    async def read(store: SqlStore) -> Person:
        return await store.person(Private(phone))

    async def remove(store: SqlStore) -> tuple[Counts, str]:
        counts = await store.forget(Private(phone), ACTOR)
        return counts, (await store.trail())[-1].hash

    found = _somebody(with_store(config, read), phone)
    sids = [each.recording_sid for call in found.calls for each in call.recordings]
    at_twilio = [sid for sid in sids if not sid.startswith("local:")]
    if not yes:
        kept = found.dealings
        what = f"{len(found.calls)} calls, {len(kept.leads)} leads, {len(kept.meetings)} meetings"
        question = f"Remove {what} and {len(kept.messages)} messages of {phone} for good?"
        click.confirm(question, abort=True, err=True)
    sounds = recordings_of(load_settings_of_no_door(config).state_dir, [call.call.call_sid for call in found.calls])
    for path in sounds:  # before the rows: by them the files are found
        path.unlink(missing_ok=True)
    counts, head = with_store(config, remove)
    removed = [f"{rows} {table}" for table, rows in counts.items() if rows]
    click.echo("removed: " + ", ".join([*removed, f"{len(sounds)} sound files"] if sounds else removed))
    if at_twilio:
        click.echo(f"these recordings are with Twilio; delete them there: {' '.join(at_twilio)}")
    click.echo(f"audit: {head}")


def _somebody(found: Person, phone: str) -> Person:
    if found.nobody:
        raise NobodyKnown(f"nothing is kept of {phone}")
    return found
