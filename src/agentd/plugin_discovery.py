"""Finding plugins: the entry-point group `agentd`, pinned and blocked by settings, checked before anything runs.

Everything wrong with a plugin itself (it cannot be imported, a hook is misspelt, asks for what it does not get, or has
lost its decorator) is a `ConfigError` at start that names the plugin: a plugin that silently does nothing is worse.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pluggy

from agentd import hookspecs
from agentd.config_rules import find_toml, nearest
from agentd.errors import ConfigError

if TYPE_CHECKING:
    import click

GROUP: Final = "agentd"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A loaded plugin. `hooks`: the hooks it implements, sorted. `distribution`: the package that brought it."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was found: the manager for calling hooks, and who is in it, in the order in which they are asked."""

    manager: pluggy.PluginManager
    infos: tuple[PluginInfo, ...]


def choice(env: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(pins, disabled) as the environment and the settings file have them, for commands that need no other setting.

    Lenient: a file that cannot be read chooses nothing; `config.load` is the one that says what is wrong with it.
    """
    table: dict[str, object] = {}
    path = find_toml(env)
    if path is not None:
        with contextlib.suppress(OSError, ValueError):
            table = {key.upper(): value for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()}
    pins, disabled = (env.get(name) or table.get(name) or () for name in ("AGENTD_PLUGINS", "AGENTD_DISABLED"))
    return _names(pins), _names(disabled)


def _names(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    return tuple(str(part).strip() for part in parts if str(part).strip())


def discover(
    pins: Sequence[str] = (), disabled: Sequence[str] = (), candidates: Iterable[EntryPoint] | None = None
) -> Discovered:
    """Import and register the plugins, and check every hook of theirs.

    `pins`: only these, asked in this order; empty: all that are installed, by name. `disabled`: not these.
    `candidates`: entry points instead of the installed ones. Raises `ConfigError`.
    """
    available = _available(entry_points(group=GROUP) if candidates is None else candidates)
    for key, names in (("AGENTD_PLUGINS", pins), ("AGENTD_DISABLED", disabled)):
        for name in names:
            if name not in available:
                raise ConfigError(
                    "settings",
                    key,
                    f"no plugin is called {name}{nearest(name, available)}",
                    f"install it, or choose among: {', '.join(available) or 'none is installed'}",
                )
    chosen = [name for name in (pins or sorted(available)) if name not in disabled]
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    # pluggy asks the last one registered first: registering backwards makes the order of the pins the order of asking.
    infos = [_register(manager, available[name]) for name in reversed(chosen)]
    _check_hooks(manager, chosen)
    return Discovered(manager, tuple(reversed(infos)))


def implementations(found: Discovered, hook_name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """(plugin, hook) in the order of asking. One at a time, so that one failing does not silence the rest."""
    caller = getattr(found.manager.hook, hook_name)
    for impl in reversed(caller.get_hookimpls()):
        yield impl.plugin_name, partial(_call, impl)


def _call(impl: pluggy.HookImpl, **arguments: Any) -> Any:
    """An implementation may leave out arguments that it does not need."""
    return impl.function(*(arguments[name] for name in impl.argnames))


def register_commands(cli: click.Group, found: Discovered) -> list[str]:
    """Let plugins add their commands; one line for each plugin that failed to."""
    complaints = []
    for name, hook in implementations(found, "agentd_register_commands"):
        try:
            hook(cli=cli)
        except Exception as error:  # boundary
            complaints.append(f"plugin {name}: agentd_register_commands: {type(error).__name__}: {error}")
    return complaints


def _available(candidates: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for candidate in sorted(candidates, key=lambda point: point.name):
        other = found.setdefault(candidate.name, candidate)
        # The same package may be found twice (an editable install and its source): that is one plugin.
        if (other.value, _package(other)) != (candidate.value, _package(candidate)):
            raise ConfigError(
                "plugins",
                candidate.name,
                f"is the name of two plugins: {_package(other)} and {_package(candidate)}",
                "uninstall one of the two packages",
            )
    return found


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _register(manager: pluggy.PluginManager, point: EntryPoint) -> PluginInfo:
    package, version = _package(point), point.dist.version if point.dist else ""
    where = f"plugin {point.name} ({' '.join(filter(None, (package, version)))})"
    leave_it_out = f"repair or upgrade {package}, or leave it out with AGENTD_DISABLED={point.name}"
    try:
        plugin = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # boundary: a stranger's module may raise anything, SystemExit included
        problem = f"cannot be imported ({type(error).__name__}: {error})"
        raise ConfigError(where, "import", problem, leave_it_out) from error
    if isinstance(plugin, ModuleType):
        _refuse_bare_hooks(plugin, manager, where)
    try:
        manager.register(plugin, name=point.name)
    except (pluggy.PluginValidationError, ValueError) as error:
        problem = f"does not fit its hook ({' '.join(str(error).split())})"
        raise ConfigError(where, "hooks", problem, leave_it_out) from error
    hooks = sorted(caller.name for caller in manager.get_hookcallers(plugin) or ())
    return PluginInfo(point.name, package, version, tuple(hooks))


def _refuse_bare_hooks(plugin: ModuleType, manager: pluggy.PluginManager, where: str) -> None:
    """A function named like a hook but without `@agentd.hookimpl` would never be called."""
    for name, value in vars(plugin).items():
        if name.startswith("agentd_") and callable(value) and manager.parse_hookimpl_opts(plugin, name) is None:
            raise ConfigError(where, name, "has no @agentd.hookimpl", "decorate it, or rename it if it is no hook")


def _check_hooks(manager: pluggy.PluginManager, names: Iterable[str]) -> None:
    known = {name for name in vars(hookspecs) if name.startswith("agentd_")}
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        culprit = manager.get_name(error.plugin) or "unknown"
        hooks = [caller.name for caller in manager.get_hookcallers(error.plugin) or ()]
        hook = next((name for name in hooks if name not in known), "hooks")
        raise ConfigError(
            f"plugin {culprit}",
            hook,
            f"there is no such hook{nearest(hook, known)}",
            f"correct the name in the plugin; the hooks are {', '.join(sorted(known))}",
        ) from error
    for hook in known:
        for impl in getattr(manager.hook, hook).get_hookimpls():
            if impl.hookwrapper or impl.wrapper:
                # A wrapper runs around the other plugins, so that its failure could not be kept from them.
                raise ConfigError(
                    f"plugin {impl.plugin_name}", hook, "is a hook wrapper", "write it as a plain hook of its own"
                )
