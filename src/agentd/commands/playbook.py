"""`agentd playbook`: check one, list those that are shipped, begin one of your own."""

from __future__ import annotations

from pathlib import Path

import click

from agentd.commands._common import table


@click.group()
def command() -> None:
    """Check, list and begin playbooks.

    \b
    agentd playbook list                                     what is shipped
    agentd playbook new office.toml --from realestate-he     begin your own from it
    agentd playbook check office.toml                        file, key and cure of what is wrong
    """


@command.command("list")
def list_() -> None:
    """The playbooks that are shipped.

    \b
    agentd playbook list
    """
    from agentd.agents.playbook_file import load_playbook, shipped_playbooks

    books = [load_playbook(name, "") for name in shipped_playbooks()]
    rows = [(book.name, book.language, " ".join(slot.name for slot in book.slots)) for book in books]
    table("Playbooks, by the name that PLAYBOOK takes", ("playbook", "language", "finds out"), rows)


@command.command()
@click.argument("file")
def check(file: str) -> None:
    """Check a playbook: a FILE, or the name of a shipped one. Exit code 2 when something is wrong.

    \b
    agentd playbook check office.toml
    """
    from agentd.agents.playbook_file import load_playbook

    path = file if "/" in file or file.endswith(".toml") or not Path(file).exists() else f"./{file}"
    book = load_playbook(path, "")
    slots = ", ".join(f"{slot.name} ({slot.type})" for slot in book.slots) or "nothing"
    click.echo(f"{file}: fine. {book.name}, {book.language}; finds out {slots}; {len(book.examples)} examples")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--language", default="", help="he-IL, en-US, ... [that of the template, else he-IL]")
@click.option("--from", "template", default="", help="The shipped playbook to begin from. [the receptionist]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new(file: Path, language: str, template: str, force: bool) -> None:
    """Write a playbook with a comment at every key, ready to be changed.

    \b
    agentd playbook new office.toml --language he-IL
    agentd playbook new office.toml --from realestate-en
    """
    from agentd.agents.playbook_draft import draft
    from agentd.errors import ConfigError

    text = draft(file.stem, language, template)
    if file.exists() and not force:
        raise ConfigError(str(file), "FILE", "is there already", "give another name, or --force to write over it")
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(str(file), "FILE", error.strerror or str(error), "give a path that can be written") from None
    click.echo(f"Wrote {file}. Change it, then: agentd playbook check {file}; agentd serve --playbook {file}")
