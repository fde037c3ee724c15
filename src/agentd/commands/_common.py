"""What several commands share: reading the settings with the flags on top, and tables that survive a pipe."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agentd.config import Settings

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file. Default: $AGENTD_CONFIG, else agentd.toml in this directory if there is one.",
)


def load_settings(config: Path | None, **flags: Any) -> Settings:
    """The settings of this process; flags that are None were not given. Raises `ConfigError`."""
    from agentd.config import load
    from agentd.config_rules import find_toml

    given = {field: value for field, value in flags.items() if value is not None}
    return load(os.environ, config or find_toml(os.environ), given)


def load_settings_of_no_door(config: Path | None) -> Settings:
    """For commands that nobody can call: they need neither a public address nor a signature."""
    return load_settings(config, bind="127.0.0.1")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A rich table on a terminal; elsewhere aligned columns that no terminal width cuts, for `grep` and `awk`."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if console.is_terminal:
        drawn = Table(*columns, title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for row in rows:
            drawn.add_row(*(Text(cell) for cell in row))
        console.print(drawn)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    click.echo(title)
    for row in (columns, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
