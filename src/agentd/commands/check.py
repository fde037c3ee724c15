"""`agentd check`: would this deployment work? One row per thing, each with its cure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentd.commands._common import config_option, load_settings, table

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.plugins import Plugins

Row = tuple[str, str, str]
"""(mark, what, sentence); the mark is "ok", "warn" or "FAIL"."""


@click.command()
@click.option("--show", is_flag=True, help="Every setting: its value (secrets masked) and where it came from.")
@click.option("--live", is_flag=True, help="Try every engine of the chains with a short sample, and time it.")
@config_option
def command(show: bool, live: bool, config: Path | None) -> None:
    """Check the settings, the engines and the plugins.

    \b
    agentd check                     settings, engines, plugins
    agentd check --show              every setting, its value and where it came from
    agentd check --show | grep EOU
    agentd check --live              speak one sentence, recognise it, ask the model

    Exit code 0: all is well; 1: something would not work; 2: the settings are wrong.
    """
    from agentd.plugins import Plugins

    settings = load_settings(config)
    if show:
        table("Settings", ("setting", "value", "from"), shown(settings))
    plugins = Plugins.load(settings)
    rows = [*_house(settings, plugins), *_engines(settings, plugins)]
    rows += [("ok" if fine else "FAIL", f"{plugin}: {what}", says) for plugin, what, fine, says in plugins.check()]
    if live:
        from agentd.commands._live import try_engines

        rows += try_engines(settings, plugins)
    table("Checks", ("", "what", "says"), rows)
    if any(row[0] == "FAIL" for row in rows):
        raise SystemExit(1)


def shown(settings: Settings) -> list[tuple[str, str, str]]:
    """(name, value, origin) of every setting, in the order of the class; a secret is never in it."""
    from agentd.config_rules import env_name

    return [
        (env_name(field), _printable(getattr(settings, field)), settings.provenance[field])
        for field in type(settings).model_fields
    ]


def _printable(value: Any) -> str:
    from pydantic import SecretStr

    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else "-"
    if isinstance(value, tuple):
        return ",".join(_printable(part) for part in value) or "-"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value in (None, "") else str(value)


def _house(settings: Settings, plugins: Plugins) -> list[Row]:
    rows: list[Row] = [("warn", "settings", warning) for warning in settings.warnings]
    rows.append(
        ("ok", "address", f"{settings.public_base_url or 'loopback only'}, bound to {settings.bind}:{settings.port}")
    )
    if settings.signatures:
        rows.append(("ok", "signatures", "Twilio's signatures are checked"))
    else:
        rows.append(("warn", "signatures", "off: TWILIO_AUTH_TOKEN is not set (development on loopback only)"))
    rows += [_state_dir(settings.state_dir), _store(settings), *_playbook(settings, plugins)]
    return rows


def _store(settings: Settings) -> Row:
    """The database answers; nothing is made or migrated."""
    from agentd.errors import ConfigError
    from agentd.storage import StoreError
    from agentd.store.database import Database
    from agentd.store.migrate import revision

    try:
        database = Database(settings)
    except ConfigError as error:
        return ("FAIL", "store", f"{error.key}: {error.problem}. Cure: {error.cure}")
    if database.file is not None and not database.file.exists():
        return ("ok", "store", f"{database.name} (will be made); for one process: several need DATABASE_URL")
    try:
        schema = database.transaction(revision, writes=False)
    except StoreError as error:
        return ("FAIL", "store", f"{database.name} cannot be used: {error}; until it can, calls are kept in memory")
    finally:
        database.close()
    return ("ok", "store", f"{database.name}, schema {schema or 'not made yet'}")


def _playbook(settings: Settings, plugins: Plugins) -> list[Row]:
    """The playbook, and what hangs on it."""
    from agentd.agents.playbook_file import load_playbook
    from agentd.commands._check_business import business_rows, failed
    from agentd.errors import ConfigError

    try:
        playbook = load_playbook(settings.playbook, settings.language_code)
    except ConfigError as error:
        return [failed("playbook", error)]
    named: Row = ("ok", "playbook", f"{playbook.name} ({playbook.language})")
    return [named, *business_rows(settings, plugins, playbook)]


def _state_dir(path: Path) -> Row:
    # The nearest directory that exists decides: `check` looks, and leaves the making to `serve`.
    existing = next((each for each in (path, *path.absolute().parents) if each.exists()), Path("/"))
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return ("ok", "state directory", f"{path}" + ("" if path.exists() else " (will be made)"))
    return ("FAIL", "state directory", f"{path} cannot be written; set AGENTD_STATE to a directory of this user")


def _engines(settings: Settings, plugins: Plugins) -> list[Row]:
    from agentd.errors import AgentdError, ConfigError
    from agentd.resilience.chains import voices

    rows: list[Row] = []
    chains = {
        "stt": (plugins.stt, settings.stt_engine),
        "llm": (plugins.llm, settings.llm_engine),
        "tts": (plugins.tts, voices(settings)),
        "vad": (plugins.vad, (settings.vad_engine,) if settings.vad_engine else ()),
    }
    for kind, (make, specs) in chains.items():
        for spec in specs:
            try:
                make(spec)
            except ConfigError as error:
                rows.append(("FAIL", f"{kind} {spec}", f"{error.key}: {error.problem}. Cure: {error.cure}"))
            except AgentdError as error:
                rows.append(("FAIL", f"{kind} {spec}", str(error)))
            else:
                rows.append(("ok", f"{kind} {spec}", "can be made"))
    return rows
