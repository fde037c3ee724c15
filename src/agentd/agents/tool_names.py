"""All tools of a house by name, ours and the plugins', and what models are shown of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from agentd.agents.tool_schema import schema_of
from agentd.core.policy import Effect
from agentd.core.speech import ToolOffer
from agentd.errors import ConfigError
from agentd.tools import Tool

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\.[a-z][a-z0-9_]{0,31}")
OWN = "agentd"  # the source of ours


class KnownTools:
    """`by_name`; `source`: the plugin of each. Raises `ConfigError` for what is no tool, and for a name that is taken,
    with both who want it."""

    def __init__(self, brought: Iterable[tuple[str, Tool]]) -> None:
        self.by_name: dict[str, Tool] = {}
        self.source: dict[str, str] = {}
        self._offers: dict[str, ToolOffer] = {}
        for plugin, tool in brought:
            self._add(plugin, tool)

    def offers(self, names: Iterable[str]) -> tuple[ToolOffer, ...]:
        """As models are shown them; a name that nothing has is left out."""
        return tuple(self._offers[name] for name in names if name in self._offers)

    def printable(self, name: str) -> str:
        """For records that hold nothing personal: what is no tool may be anything that a model has made up."""
        return name if name in self.by_name or (NAME.fullmatch(name) and not re.search(r"\d", name)) else "unknown"

    def _add(self, plugin: str, tool: Tool) -> None:
        _check(plugin, tool)
        if (other := self.source.get(tool.name)) is not None:
            cures = [f"AGENTD_DISABLED={name}" for name in (other, plugin) if name != OWN]
            problem = f"is brought by two: {other} and {plugin}"
            raise ConfigError("plugins", f"tool {tool.name}", problem, f"leave one out: {' or '.join(cures)}")
        self.by_name[tool.name], self.source[tool.name] = tool, plugin
        self._offers[tool.name] = ToolOffer(tool.name, tool.summary, schema_of(tool.arguments))


def _check(plugin: str, tool: object) -> None:
    problem = ""
    if not isinstance(tool, Tool):
        problem = f"brings a {type(tool).__name__}, no Tool"
    elif not isinstance(tool.name, str) or not NAME.fullmatch(tool.name):
        problem = f'names a tool {tool.name!r}, which is not "area.verb" in small letters'
    elif not (_is_struct(tool.arguments) and _is_struct(tool.result)):
        problem = f"{tool.name} has arguments or a result that are no msgspec.Struct"
    elif not isinstance(tool.effect, Effect) or not tool.deadline_s > 0:
        problem = f"{tool.name} has no effect or no deadline"
    else:
        try:
            schema_of(tool.arguments)
        except (TypeError, RecursionError):
            problem = f"{tool.name} has arguments that no JSON schema can describe"
    if problem:
        raise ConfigError(f"plugin {plugin}", "agentd_register_tools", problem, "see docs/tools.md")


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
