"""`agentd plugins`: what is installed, what it brings, which hooks it uses."""

from __future__ import annotations

import os

import click

from agentd.commands._common import table


@click.command()
def command() -> None:
    """List the plugins: name, version, hooks, and the engines and tools they bring.

    \b
    agentd plugins
    AGENTD_PLUGINS=local,guards agentd plugins     only these two
    AGENTD_DISABLED=silero agentd plugins          all but this one
    """
    from agentd.agents.tool_names import KnownTools
    from agentd.config import Settings
    from agentd.plugin_discovery import choice
    from agentd.plugins import PORTS, Plugins

    pins, disabled = choice(os.environ)
    loaded = Plugins.load(Settings.of(plugins=pins, disabled=disabled))
    brings: dict[str, list[str]] = {}
    for kind in PORTS:
        for engine, plugin in loaded.engines(kind):
            brings.setdefault(plugin, []).append(f"{kind}:{engine}")
    for tool, plugin in KnownTools(loaded.tools()).source.items():
        brings.setdefault(plugin, []).append(f"tool:{tool}")
    rows = [
        (
            each.name,
            each.version,
            " ".join(hook.removeprefix("agentd_") for hook in each.hooks) or "-",
            " ".join(brings.get(each.name, ())) or "-",
        )
        for each in loaded.names()
    ]
    table("Plugins, in the order in which they are asked", ("plugin", "version", "hooks", "brings"), rows)
