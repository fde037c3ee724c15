"""The loaded plugins: engines by name, and the hooks of a call, contained.

At start everything is strict: what a plugin does wrong stops start-up with its name. Once calls are answered nothing
may stop: a hook that raises, or returns what it may not, is reported as a `PluginFailure` and counts as "said nothing".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from agentd.config_rules import env_name, nearest
from agentd.core.playbook import Playbook
from agentd.engines import LLM, STT, TTS, VAD
from agentd.errors import AgentdError, ConfigError
from agentd.events import PluginFailure
from agentd.facts import Incoming
from agentd.hookspecs import DaemonTask, Guard, Subscriber
from agentd.office import Office
from agentd.plugin_discovery import Discovered, PluginInfo, discover, implementations
from agentd.tools import Tool

if TYPE_CHECKING:
    from agentd.back_office import BackOffice
    from agentd.config import Settings

Kind = Literal["stt", "llm", "tts", "vad"]
Factory = Callable[["Settings", str], Any]
T = TypeVar("T")

PORTS: Final[dict[Kind, type]] = {"stt": STT, "llm": LLM, "tts": TTS, "vad": VAD}
"""What an engine of each kind must be."""

_log = logging.getLogger("agentd.plugins")


def log_failure(failure: PluginFailure) -> None:
    """The report of a house that has no tape yet."""
    _log.error("PLUGIN_FAILED %s: %s", failure.plugin, failure.error)


class Plugins:
    """All plugins of this process. Make it with `Plugins.load`."""

    def __init__(self, settings: Settings, found: Discovered, report: Callable[[PluginFailure], None]) -> None:
        self._settings, self._found, self._report = settings, found, report
        self._factories: dict[Kind, dict[str, tuple[str, Factory]]] = {kind: {} for kind in PORTS}
        self._made: dict[tuple[Kind, str], Any] = {}
        for name, hook in self._implementations("agentd_register_engines"):
            try:
                hook(register=_Registrar(name, self._factories))
            except AgentdError:
                raise
            except Exception as error:  # boundary
                raise _start_error(name, "agentd_register_engines", error) from error

    @classmethod
    def load(
        cls,
        settings: Settings,
        candidates: Iterable[EntryPoint] | None = None,
        report: Callable[[PluginFailure], None] = log_failure,
    ) -> Plugins:
        """Import the plugins that the settings allow and let them name their engines; `ConfigError` on any fault.

        `candidates`: entry points instead of the installed ones. `report` is called, synchronously, with every
        failure in a hook later on.
        """
        return cls(settings, discover(settings.plugins, settings.disabled, candidates), report)

    def report_to(self, report: Callable[[PluginFailure], None]) -> None:
        """Tell failures to somebody else from now on: the house, once it has a tape."""
        self._report = report

    def names(self) -> tuple[PluginInfo, ...]:
        """Name, distribution, version and hooks of every plugin, in the order in which they are asked."""
        return self._found.infos

    def engines(self, kind: Kind) -> tuple[tuple[str, str], ...]:
        """(engine, plugin) of one kind, by name."""
        return tuple((name, plugin) for name, (plugin, _) in sorted(self._factories[kind].items()))

    def tools(self) -> list[tuple[str, Tool]]:
        """(plugin, tool) for the tools of every plugin, not yet checked (`agents.tool_names`). Raises `ConfigError`."""
        found: list[tuple[str, Tool]] = []
        for name, hook in self._implementations("agentd_register_tools"):
            try:
                found += [(name, tool) for tool in hook(config=self._settings) or ()]
            except AgentdError:
                raise
            except Exception as error:  # boundary
                raise _start_error(name, "agentd_register_tools", error) from error
        return found

    def office(self, own: Office) -> Office:
        """The records of the business: of the first plugin that brings any, else `own`. Raises `ConfigError`."""
        found: Office | None = self._brought("agentd_office", lambda answer: isinstance(answer, Office), own=own)
        return found or own

    def back_office(self) -> BackOffice | None:
        """Who sums up calls that are over, if a plugin brings one. Raises `ConfigError`."""
        found: BackOffice | None = self._brought(
            "agentd_back_office", lambda answer: callable(getattr(answer, "after_call", None))
        )
        return found

    def _brought(self, hook_name: str, fits: Callable[[Any], bool], **arguments: Any) -> Any:
        """What the first plugin answers, at start: strict."""
        for name, hook in self._implementations(hook_name):
            try:
                answer = hook(config=self._settings, **arguments)
            except AgentdError:
                raise
            except Exception as error:  # boundary
                raise _start_error(name, hook_name, error) from error
            if answer is not None and fits(answer):
                return answer
            if answer is not None:
                raise _start_error(name, hook_name, TypeError(f"returned a {type(answer).__name__}"))
        return None

    # --- engines: one name of a chain -> the engine, made once

    def stt(self, spec: str) -> STT:
        """The recogniser "name" or "name:argument". Raises `ConfigError` for what is not there or cannot start."""
        engine: STT = self._engine("stt", spec)
        return engine

    def llm(self, spec: str) -> LLM:
        """The model "name" or "name:argument"; as `stt`."""
        engine: LLM = self._engine("llm", spec)
        return engine

    def tts(self, spec: str) -> TTS:
        """The voice "name" or "name:argument"; as `stt`."""
        engine: TTS = self._engine("tts", spec)
        return engine

    def vad(self, spec: str) -> VAD:
        """The voice activity detector "name" or "name:argument"; as `stt`."""
        engine: VAD = self._engine("vad", spec)
        return engine

    def _engine(self, kind: Kind, spec: str) -> Any:
        if (kind, spec) in self._made:
            return self._made[kind, spec]
        name, _, argument = spec.partition(":")
        there = self._factories[kind]
        if name not in there:
            raise self._engine_error(
                kind,
                f"no {kind} engine is called {name}{nearest(name, there)}",
                f"choose among: {', '.join(sorted(there)) or 'none'}; or install the plugin that brings it",
            )
        plugin, factory = there[name]
        try:
            engine = factory(self._settings, argument)
        except AgentdError:
            raise
        except Exception as error:  # boundary
            problem = f"{spec} of plugin {plugin} cannot start ({type(error).__name__}: {error})"
            raise self._engine_error(kind, problem, f"see the page of {plugin}, or choose another engine") from error
        port = PORTS[kind]
        if not isinstance(engine, port):
            raise self._engine_error(
                kind,
                f"{name} of plugin {plugin} made something of type {type(engine).__name__}, no {port.__name__}",
                "report it to the author of the plugin, or choose another engine",
            )
        self._made[kind, spec] = engine
        return engine

    def _engine_error(self, kind: Kind, problem: str, cure: str) -> ConfigError:
        field = f"{kind}_engine"
        origin = self._settings.provenance.get(field, "default")
        return ConfigError(origin.rpartition(": ")[0] or origin, env_name(field), problem, cure)

    # --- hooks of a running house: contained

    def guards(self) -> list[Guard]:
        """The guards of every plugin."""
        return [guard for _, guard in self._collect("agentd_guards", _is_callable, config=self._settings)]

    def subscribers(self) -> list[Subscriber]:
        """The readers of tapes of every plugin."""
        return [reader for _, reader in self._collect("agentd_subscribers", _is_subscriber, config=self._settings)]

    def daemon_tasks(self) -> list[tuple[str, DaemonTask]]:
        """(plugin, task) for the tasks beside the daemon."""
        return list(self._collect("agentd_daemon_tasks", _is_callable, config=self._settings))

    def refuse_call(self, incoming: Incoming) -> str | None:
        """The sentence of the first plugin that refuses this call, or None."""
        return self._first("agentd_refuse_call", str, incoming=incoming)

    def playbook_for(self, incoming: Incoming) -> Playbook | None:
        """The playbook of the first plugin that has one for this call, or None."""
        return self._first("agentd_playbook_for", Playbook, incoming=incoming)

    def check(self) -> list[tuple[str, str, bool, str]]:
        """Rows for `agentd check`: (plugin, what, fine, sentence). A check that raises is a row that is not fine."""
        rows = []
        for name, hook in self._implementations("agentd_check"):
            try:
                rows += [
                    (name, str(what), bool(fine), str(says)) for what, fine, says in hook(config=self._settings) or ()
                ]
            except Exception as error:  # boundary
                rows.append((name, "agentd_check", False, f"the check itself failed: {type(error).__name__}: {error}"))
        return rows

    def _collect(self, hook_name: str, fits: Callable[[Any], bool], **arguments: Any) -> Iterator[tuple[str, Any]]:
        for name, hook in self._implementations(hook_name):
            listed = partial(_listed, hook, **arguments)
            for item in self._contained(name, hook_name, listed) or ():
                if fits(item):
                    yield name, item
                else:
                    self._report(PluginFailure(plugin=name, error=f"{hook_name}: returned a {type(item).__name__}"))

    def _first(self, hook_name: str, wanted: type[T], **arguments: Any) -> T | None:
        for name, hook in self._implementations(hook_name):
            answer = self._contained(name, hook_name, partial(hook, **arguments))
            if isinstance(answer, wanted):
                return answer
            if answer is not None:
                self._report(PluginFailure(plugin=name, error=f"{hook_name}: returned a {type(answer).__name__}"))
        return None

    def _contained(self, name: str, hook_name: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # boundary: not even SystemExit out of a plugin may end other people's calls
            # The type only: the message may hold what a caller said.
            self._report(PluginFailure(plugin=name, error=f"{hook_name}: {type(error).__name__}"))
            return None

    def _implementations(self, hook_name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        return implementations(self._found, hook_name)


def _listed(hook: Callable[..., Iterable[Any] | None], **arguments: Any) -> list[Any]:
    """Run to its end what may be a generator, so that its failure shows inside the containment."""
    return list(hook(**arguments) or ())


class _Registrar:
    """`hookspecs.Register` for one plugin, so that a name taken twice can name both plugins."""

    def __init__(self, plugin: str, factories: dict[Kind, dict[str, tuple[str, Factory]]]) -> None:
        self._plugin, self._factories = plugin, factories

    def stt(self, name: str, factory: Callable[[Settings, str], STT]) -> None:
        self._add("stt", name, factory)

    def llm(self, name: str, factory: Callable[[Settings, str], LLM]) -> None:
        self._add("llm", name, factory)

    def tts(self, name: str, factory: Callable[[Settings, str], TTS]) -> None:
        self._add("tts", name, factory)

    def vad(self, name: str, factory: Callable[[Settings, str], VAD]) -> None:
        self._add("vad", name, factory)

    def _add(self, kind: Kind, name: str, factory: Factory) -> None:
        if not name or ":" in name or "," in name or not callable(factory):
            problem = f"registers a {kind} engine that no chain could name or nothing could make"
            raise ConfigError(f"plugin {self._plugin}", repr(name), problem, "a name without : and , and a callable")
        if name in self._factories[kind]:
            other = self._factories[kind][name][0]
            raise ConfigError(
                "plugins",
                f"{kind} engine {name}",
                f"is brought by two plugins: {other} and {self._plugin}",
                f"leave one out: AGENTD_DISABLED={other} or AGENTD_DISABLED={self._plugin}",
            )
        self._factories[kind][name] = (self._plugin, factory)


def _start_error(plugin: str, hook: str, error: Exception) -> ConfigError:
    problem = f"failed ({type(error).__name__}: {error})"
    return ConfigError(f"plugin {plugin}", hook, problem, f"repair it, or leave it out with AGENTD_DISABLED={plugin}")


def _is_callable(item: Any) -> bool:
    return callable(item)


def _is_subscriber(item: Any) -> bool:
    return isinstance(getattr(item, "name", None), str) and callable(getattr(item, "run", None))
