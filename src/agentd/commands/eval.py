"""`agentd eval`: scripted dialogues against a playbook, as text; a table, JSON, and an exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentd.commands._common import config_option, load_settings_of_no_door, table

if TYPE_CHECKING:
    from agentd.core.playbook import Playbook
    from agentd.evals.run import Bench, Outcome
    from agentd.evals.script import Script
    from agentd.plugins import Plugins


@click.command()
@click.argument("dialogues", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--playbook", help="Shipped name or path: play only its dialogues, or those given against it.")
@click.option("--llm", "engine", default="rules", show_default=True, help="The brain: rules, openai:MODEL, ...")
@click.option("--json", "to", type=click.Path(path_type=Path, dir_okay=False), help="Write everything here.")
@click.option("--min-slots", type=click.FloatRange(0, 100), default=95.0, show_default=True, metavar="PERCENT")
@click.option("--min-rules", type=click.FloatRange(0, 100), default=100.0, show_default=True, metavar="PERCENT")
@click.option("--min-tools", type=click.FloatRange(0, 100), default=100.0, show_default=True, metavar="PERCENT")
@click.option("--talk", is_flag=True, help="Print every line of the dialogues in which something went wrong.")
@config_option
def command(
    dialogues: tuple[Path, ...],
    playbook: str | None,
    engine: str,
    to: Path | None,
    min_slots: float,
    min_rules: float,
    min_tools: float,
    talk: bool,
    config: Path | None,
) -> None:
    """Play scripted dialogues against a playbook, as text, and judge what came of them.

    \b
    agentd eval                                      all that are shipped, offline
    agentd eval --playbook realestate-he --talk      one playbook's; show what went wrong
    agentd eval --playbook mine.toml mine.yaml       your own dialogues against your own playbook
    agentd eval --llm openai --json run.json         a real model (OPENAI_API_KEY)

    Exit code 1: fewer slots filled, or fewer dialogues that kept every rule or used the right tools, than asked for.
    """
    import trio

    from agentd.evals.report import COLUMNS, as_json, figures, rows
    from agentd.evals.run import run_all

    scripts = _scripts(dialogues, playbook)
    outcomes = trio.run(run_all, _bench(engine, config), scripts)
    table(f"{len(outcomes)} dialogues with {engine}", COLUMNS, rows(outcomes))
    if talk:
        for outcome in outcomes:
            _print_talk(outcome)
    total = figures(outcomes)
    click.echo(
        f"slots filled {total.slots_percent:.1f} % ({total.slots_right} of {total.slots}), rules kept in "
        f"{total.kept} of {total.dialogues} dialogues, tools right in {total.tools_right} of {total.with_tools}, "
        f"{total.turns:.1f} turns to close"
    )
    if to is not None:
        to.write_text(json.dumps(as_json(outcomes, engine), ensure_ascii=False, indent=1) + "\n", "utf-8")
    if total.slots_percent < min_slots or total.rules_percent < min_rules or total.tools_percent < min_tools:
        asked = f"{min_slots:g} % of the slots, {min_rules:g} % of the rules or {min_tools:g} % of the tools"
        click.echo(f"agentd: below {asked}", err=True)
        raise SystemExit(1)


def _scripts(paths: tuple[Path, ...], wanted: str | None) -> list[tuple[Script, Playbook]]:
    """The dialogues and the playbook of each. Dialogues that are given are played against `wanted`, if that is given
    too; of the shipped ones only its own are."""
    from agentd.agents.playbook_file import load_playbook
    from agentd.errors import ConfigError
    from agentd.evals.run import check_names
    from agentd.evals.script import load_scripts, shipped_scripts

    scripts = load_scripts(paths) if paths else shipped_scripts()
    if wanted and not paths:
        name = load_playbook(wanted, "").name
        scripts = [script for script in scripts if script.playbook == name]
        if not scripts:
            cure = "give the dialogues as arguments: agentd eval --playbook FILE DIALOGUES.yaml"
            raise ConfigError("command line", "--playbook", f"no dialogue is shipped for {name}", cure)
    loaded: dict[str, Playbook] = {}
    pairs = []
    for script in scripts:
        name = wanted or script.playbook
        if name not in loaded:
            loaded[name] = load_playbook(name, "")
        check_names(script, loaded[name])
        pairs.append((script, loaded[name]))
    return pairs


def _bench(engine: str, config: Path | None) -> Bench:
    from datetime import date

    from agentd.errors import ConfigError
    from agentd.evals.judging import SlotReader
    from agentd.evals.run import Bench
    from agentd.plugins import Plugins

    settings = load_settings_of_no_door(config)
    plugins: Plugins = Plugins.load(settings)
    brain, reader = plugins.llm(engine), plugins.llm("rules")
    if not isinstance(reader, SlotReader):
        raise ConfigError("plugins", "rules", "this engine cannot read slots", "install agentd-local")
    return Bench(brain, reader, settings, date.today())


def _print_talk(outcome: Outcome) -> None:
    if not outcome.broken and not outcome.tools_wrong and outcome.right == len(outcome.slots):
        return
    click.echo(f"\n{outcome.playbook}: {outcome.script.name}")
    for each in outcome.exchanges:
        click.echo(f"  caller: {each.caller}\n  agent:  {each.agent}")
