"""`agentd token`: bearer tokens for the HTTP API, each shown once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentd.commands._common import config_option, load_settings_of_no_door, table
from agentd.commands._store import moment

if TYPE_CHECKING:
    from agentd.web.api_tokens import Tokens


def a_name(value: str) -> str:
    """Raises click's usage error."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", value):
        raise click.BadParameter(f"{value!r} is not made of at most 40 letters, digits, dots, dashes and underscores")
    return value


@click.group()
def command() -> None:
    """Bearer tokens for the HTTP API (/api/approvals) from other machines; this machine needs none.

    \b
    agentd token new --name front-desk
    agentd token new --name trial --days 14
    agentd token list
    agentd token revoke front-desk

    A token is shown once and kept as a digest. Its name is what the record of a decision says. The daemon hears of new
    and revoked tokens at once.
    """


@command.command()
@click.option("--name", type=a_name, required=True, help="Who will use it: for the record, and to revoke it.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it holds. [until it is revoked]")
@config_option
def new(name: str, days: int | None, config: Path | None) -> None:
    """Make a token and print it. Nothing can print it again."""
    click.echo(_tokens(config).new(name, days))
    click.echo(f"Keep it now: only its digest is stored. Use: Authorization: Bearer TOKEN ({name})", err=True)


@command.command("list")
@click.option("--json", "as_data", is_flag=True, help="An array of objects; times in ms since 1970.")
@config_option
def list_tokens(as_data: bool, config: Path | None) -> None:
    """The tokens that were made, without the tokens."""
    found = _tokens(config).all()
    if as_data:
        from agentd.commands._as_data import as_json

        click.echo(as_json([{"name": t.name, "made_ms": t.made_ms, "until_ms": t.until_ms} for t in found]))
        return
    rows = [(t.name, moment(t.made_ms), "it is revoked" if t.until_ms is None else moment(t.until_ms)) for t in found]
    table("Tokens of the API", ("name", "made", "holds until"), rows)


@command.command()
@click.argument("name")
@config_option
def revoke(name: str, config: Path | None) -> None:
    """Refuse a token from now on."""
    _tokens(config).revoke(name)
    click.echo(f"revoked: {name}")


def _tokens(config: Path | None) -> Tokens:
    from agentd.web.api_tokens import Tokens

    return Tokens(load_settings_of_no_door(config).state_dir)
