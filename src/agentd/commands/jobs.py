"""`agentd jobs`: the work after calls: run it, see it, and try again what has failed."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentd.commands._common import config_option, load_settings_of_no_door, table
from agentd.commands._store import moment

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.jobs.listing import Job

STATES = ("waiting", "running", "later", "done", "failed", "cancelled")


@click.group()
def command() -> None:
    """The work after calls: summary, lead, customer, messages; durable, each effect once.

    \b
    agentd jobs run                     a process of its own, where JOBS=0 for `agentd serve`
    agentd jobs list                    the newest fifty
    agentd jobs list --state failed
    agentd jobs retry after-call-CA0123...

    `agentd serve` runs jobs itself, as a child, unless JOBS=0. It may be killed at any time: nothing is lost.
    """


@command.command()
@click.option("--child", is_flag=True, hidden=True, help="Settings come on standard input; its end is ours.")
@click.option("--once", is_flag=True, help="End when all that can be done now is done; calls just over included.")
@config_option
def run(child: bool, once: bool, config: Path | None) -> None:
    """Run jobs, until SIGTERM. One process for a state directory; with DATABASE_URL one on each machine.

    \b
    agentd jobs run --config /etc/agentd/agentd.toml
    agentd jobs run --once
    """
    settings = _of_parent() if child else load_settings_of_no_door(config)
    import trio

    from agentd.jobs.house import run_jobs
    from agentd.telemetry.logs import Logs

    async def main() -> None:
        await run_jobs(settings, trio.lowlevel.FdStream(sys.stdin.fileno()) if child else None, once=once)

    with Logs(settings):
        trio.run(main)


@command.command("list")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only those; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_data", is_flag=True, help="An array of objects; times in ms since 1970.")
@config_option
def list_jobs(states: tuple[str, ...], limit: int, as_data: bool, config: Path | None) -> None:
    """The newest jobs first: where each is, how often its step has failed, and why."""
    from agentd.jobs.listing import jobs
    from agentd.jobs.place import Place

    found = jobs(Place.of(load_settings_of_no_door(config)), limit=limit, states=states)
    if as_data:
        from agentd.commands._as_data import as_json

        click.echo(as_json([asdict(job) for job in found]))
        return
    table("Jobs", ("begun", "job", "call", "state", "step", "tries", "why"), [_line(job) for job in found])


@command.command()
@click.argument("job")
@config_option
def retry(job: str, config: Path | None) -> None:
    """Try the step of a JOB that has failed again; what it did before stays done.

    \b
    agentd jobs retry after-call-CA0123...
    """
    from agentd.jobs.listing import retry as begin_again
    from agentd.jobs.place import Place

    was = begin_again(Place.of(load_settings_of_no_door(config)), job)
    click.echo(f"{was.id} goes on at {was.step or 'its beginning'}")


def _of_parent() -> Settings:
    from agentd.jobs.child import from_line

    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as pipe:  # what follows the line is the end
        return from_line(pipe.readline())


def _line(job: Job) -> tuple[str, ...]:
    state = f"later: {moment(job.due_ms)}" if job.due_ms is not None else job.state
    tries = str(job.tries) if job.tries else ""
    return (moment(job.began_ms), job.id, job.call_sid, state, job.step, tries, job.why)
