"""The command line. Only click is imported here: a command's own module comes in when it is run.

Exit codes: 0 done, 1 it failed, 2 settings or usage are wrong. An error that agentd raises on purpose is one line
on stderr, never a traceback.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Final

import click

from agentd import __version__
from agentd.errors import AgentdError, ConfigError

COMMANDS: Final = {
    "demo": "A whole simulated call through the real daemon, on this machine.",
    "serve": "Answer calls.",
    "call": "Place a simulated call to an agentd.",
    "check": "Check the settings, the engines and the plugins.",
    "playbook": "Check, list and begin playbooks.",
    "eval": "Play scripted dialogues against a playbook.",
    "plugins": "List the plugins and what they bring.",
    "calls": "The calls that were kept, and what was said in them.",
    "jobs": "The work after calls: run it, see it, try again what has failed.",
    "person": "What is kept of a person: export it, or remove it.",
    "approvals": "What the agent may not do alone: see it, approve it, deny it.",
    "token": "Bearer tokens for the HTTP API.",
}
"""Our own commands and their one-line help, so that listing them imports none of them."""


class LazyGroup(click.Group):
    """Commands by name: ours from `agentd.commands`, then those that plugins add."""

    _asked_plugins = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._ask_plugins()
        return [*COMMANDS, *sorted(self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            command = import_module(f"agentd.commands.{cmd_name}").command
            assert isinstance(command, click.Command)
            return command
        self._ask_plugins()
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, without importing our own commands for their help."""
        self._ask_plugins()
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        if self.commands:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(
                    [(name, each.get_short_help_str(100)) for name, each in sorted(self.commands.items())]
                )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what agentd raises on purpose becomes a line and an exit code."""
        errors: list[AgentdError] = []
        result = None
        try:
            result = super().invoke(ctx)
        except* AgentdError as group:
            errors = _leaves(group)
        for error in errors:
            click.echo(f"agentd: {error}", err=True)
        if errors:
            ctx.exit(2 if any(isinstance(error, ConfigError) for error in errors) else 1)
        return result

    def _ask_plugins(self) -> None:
        """Once. A plugin that cannot be loaded costs no more than the commands of plugins."""
        if self._asked_plugins:
            return
        self._asked_plugins = True
        from agentd.plugin_discovery import choice, discover, register_commands

        try:
            complaints = register_commands(self, discover(*choice(os.environ)))
        except ConfigError as error:
            complaints = [str(error)]
        for name in COMMANDS.keys() & self.commands.keys():
            del self.commands[name]
            complaints.append(f"a plugin adds a command {name}, which is agentd's own; it is left out")
        for complaint in complaints:
            click.echo(f"agentd: {complaint}", err=True)


def _leaves(group: BaseExceptionGroup[AgentdError]) -> list[AgentdError]:
    found: list[AgentdError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Settings come from the environment and agentd.toml; `agentd check --show` prints them all. "
    "Every command has examples: `agentd serve --help`.",
)
@click.version_option(__version__, prog_name="agentd", message="%(prog)s %(version)s")
def main() -> None:
    """agentd answers a business's phone with an AI agent.

    \b
    agentd demo                      hear one call, without an account or a key
    agentd serve --bind 127.0.0.1    answer calls on this machine
    agentd call --wav hello.wav      place one
    """
