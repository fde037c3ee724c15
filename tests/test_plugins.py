"""Plugins: strict at start, contained in a call. Each test writes the plugin of a stranger and installs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from trio.abc import ReceiveChannel

import agentd
from agentd.config import Settings
from agentd.core.playbook import Playbook
from agentd.engines import TTS, AudioChunk, Voice
from agentd.errors import ConfigError
from agentd.events import PluginFailure, Private
from agentd.facts import Incoming
from agentd.office import Office
from agentd.plugin_discovery import choice, discover
from agentd.plugins import Plugins
from agentd.testing.office import MemoryOffice

INCOMING = Incoming("CA1", Private("+972501234567"), "+97239999999")


class Quiet:
    """A voice by its shape only."""

    def __init__(self, argument: str = "") -> None:
        self.argument = argument

    def speak(self, text: str, voice: Voice) -> AbstractAsyncContextManager[ReceiveChannel[AudioChunk]]:
        raise NotImplementedError


class House:
    """Installs plugins for one test and collects what they did wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.points: list[EntryPoint] = []
        self.failures: list[PluginFailure] = []

    def install(self, name: str, **hooks: Callable[..., Any]) -> None:
        """A module whose functions are hooks, behind an entry point."""
        module = ModuleType(f"agentd_test_{name}")
        for hook, function in hooks.items():
            setattr(module, hook, agentd.hookimpl(function))
        self.add_module(name, module)

    def add_module(self, name: str, module: ModuleType) -> None:
        self._monkeypatch.setitem(sys.modules, module.__name__, module)
        self.points.append(EntryPoint(name, module.__name__, "agentd"))

    def load(self, **settings: Any) -> Plugins:
        return Plugins.load(Settings.of(**settings), self.points, self.failures.append)

    def refusal(self, **settings: Any) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            self.load(**settings)
        return caught.value

    @property
    def blamed(self) -> list[tuple[str, str]]:
        return [(failure.plugin, failure.error) for failure in self.failures]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    return House(monkeypatch)


def brings_tts(
    *names: str, factory: Callable[[Settings, str], Any] = lambda settings, argument: Quiet(argument)
) -> Any:
    def agentd_register_engines(register: agentd.hookspecs.Register) -> None:
        for name in names:
            register.tts(name, factory)

    return agentd_register_engines


def nothing() -> list[Any]:
    return []


def raises(error: BaseException) -> Callable[..., Any]:
    def hook() -> Any:
        raise error

    return hook


# --- start


def test_plugins_are_listed_with_their_hooks_by_name(house: House) -> None:
    house.install("zeta", agentd_guards=nothing)
    house.install("alpha", agentd_register_engines=brings_tts("soft"), agentd_check=nothing)
    assert [(each.name, each.hooks) for each in house.load().names()] == [
        ("alpha", ("agentd_check", "agentd_register_engines")),
        ("zeta", ("agentd_guards",)),
    ]


def test_the_installed_ones_have_a_distribution_and_a_version() -> None:
    infos = discover().infos
    assert {"local", "guards", "scripted", "silero"} <= {each.name for each in infos}
    assert all(each.distribution and each.version for each in infos)


def test_pins_choose_and_order(house: House) -> None:
    for name in ("a", "b", "c"):
        house.install(name, agentd_refuse_call=lambda name=name: f"said by {name}")
    plugins = house.load(plugins=("c", "a"))
    assert [each.name for each in plugins.names()] == ["c", "a"]
    assert plugins.refuse_call(INCOMING) == "said by c"


def test_a_blocked_plugin_is_not_even_imported(house: House) -> None:
    house.points.append(EntryPoint("broken", "agentd_no_such_module", "agentd"))
    assert house.load(disabled=("broken",)).names() == ()


@pytest.mark.parametrize("setting", ["plugins", "disabled"])
def test_a_pin_or_block_of_what_is_not_there_is_refused_with_the_nearest_name(house: House, setting: str) -> None:
    house.install("local")
    error = house.refusal(**{setting: ("lokal",)})
    assert "did you mean local?" in error.problem


def test_a_plugin_that_cannot_be_imported_stops_start_up_with_its_name(house: House) -> None:
    house.points.append(EntryPoint("broken", "agentd_no_such_module", "agentd"))
    error = house.refusal()
    assert "broken" in error.where
    assert "ModuleNotFoundError" in error.problem
    assert "AGENTD_DISABLED=broken" in error.cure


def test_a_plugin_that_exits_on_import_is_one_that_cannot_be_imported(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agentd_test_exits.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    house.points.append(EntryPoint("exits", "agentd_test_exits", "agentd"))
    assert "SystemExit" in house.refusal().problem


def test_a_misspelt_hook_names_plugin_hook_and_the_nearest(house: House) -> None:
    house.install("typo", agentd_gards=nothing)
    error = house.refusal()
    assert (error.where, error.key) == ("plugin typo", "agentd_gards")
    assert "did you mean agentd_guards?" in error.problem


def test_a_hook_without_its_decorator_is_refused(house: House) -> None:
    module = ModuleType("agentd_test_bare")
    module.agentd_guards = lambda: [idle]  # type: ignore[attr-defined]
    house.add_module("bare", module)
    assert house.refusal().key == "agentd_guards"


def test_a_hook_that_asks_for_what_it_does_not_get_is_refused(house: House) -> None:
    house.install("greedy", agentd_guards=lambda nursery: [])
    assert "nursery" in house.refusal().problem


def test_a_hook_wrapper_is_refused(house: House) -> None:
    module = ModuleType("agentd_test_wrapper")

    @agentd.hookimpl(wrapper=True)
    def agentd_guards() -> Any:
        return (yield)

    module.agentd_guards = agentd_guards  # type: ignore[attr-defined]
    house.add_module("wrapper", module)
    assert "wrapper" in house.refusal().where


def test_two_packages_with_one_plugin_name_are_both_named(house: House) -> None:
    house.points += [EntryPoint("twin", "agentd_one", "agentd"), EntryPoint("twin", "agentd_two", "agentd")]
    assert "agentd_one and agentd_two" in house.refusal().problem


def test_one_package_found_twice_is_one_plugin(house: House) -> None:
    house.install("once")
    house.points *= 2
    assert [each.name for each in house.load().names()] == ["once"]


def test_the_choice_of_plugins_needs_no_other_setting(tmp_path: Path) -> None:
    toml = tmp_path / "agentd.toml"
    toml.write_text('AGENTD_PLUGINS = ["a", "b"]\ndisabled = "nothing"\nAGENTD_DISABLED = ["c"]\n')
    assert choice({"AGENTD_CONFIG": str(toml)}) == (("a", "b"), ("c",))
    assert choice({"AGENTD_CONFIG": str(toml), "AGENTD_PLUGINS": "x, y"}) == (("x", "y"), ("c",))
    toml.write_text("no toml")
    assert choice({"AGENTD_CONFIG": str(toml)}) == ((), ())


# --- engines


def test_an_engine_comes_by_name_and_gets_settings_and_argument(house: House) -> None:
    made: list[tuple[int, str]] = []

    def factory(settings: Settings, argument: str) -> Quiet:
        made.append((settings.port, argument))
        return Quiet(argument)

    house.install("voices", agentd_register_engines=brings_tts("soft", factory=factory))
    plugins = house.load(port=77)
    engine = plugins.tts("soft:deep:er")
    assert isinstance(engine, TTS)
    assert made == [(77, "deep:er")]
    assert plugins.tts("soft:deep:er") is engine
    plugins.tts("soft")
    assert made == [(77, "deep:er"), (77, "")]


def test_an_unknown_engine_is_refused_with_the_nearest_and_the_list(house: House) -> None:
    house.install("voices", agentd_register_engines=brings_tts("soft", "loud"))
    plugins = house.load(tts_engine=("sofd",))
    with pytest.raises(ConfigError) as caught:
        plugins.tts("sofd")
    assert (caught.value.where, caught.value.key) == ("argument", "TTS_ENGINE")
    assert "did you mean soft?" in caught.value.problem
    assert "loud, soft" in caught.value.cure


def test_kinds_do_not_mix(house: House) -> None:
    house.install("voices", agentd_register_engines=brings_tts("soft"))
    plugins = house.load()
    with pytest.raises(ConfigError, match="no stt engine is called soft"):
        plugins.stt("soft")
    assert (plugins.engines("tts"), plugins.engines("llm")) == ((("soft", "voices"),), ())


def test_two_engines_of_one_name_name_both_plugins(house: House) -> None:
    house.install("one", agentd_register_engines=brings_tts("soft"))
    house.install("two", agentd_register_engines=brings_tts("soft"))
    assert "one and two" in house.refusal().problem


@pytest.mark.parametrize("name", ["", "a:b", "a,b"])
def test_an_engine_that_no_chain_could_name_is_refused(house: House, name: str) -> None:
    house.install("odd", agentd_register_engines=brings_tts(name))
    assert house.refusal().where == "plugin odd"


def test_a_plugin_that_fails_to_register_stops_start_up(house: House) -> None:
    house.install("bad", agentd_register_engines=raises(RuntimeError("no")))
    error = house.refusal()
    assert (error.where, error.key) == ("plugin bad", "agentd_register_engines")


def test_tools_are_gathered_with_their_plugin_and_a_hook_that_fails_stops_start_up(house: House) -> None:
    house.install("one", agentd_register_tools=lambda: ["a"])
    house.install("two", agentd_register_tools=lambda config: (tool for tool in ("b", "c")))
    house.install("none", agentd_register_tools=nothing)
    assert house.load().tools() == [("one", "a"), ("two", "b"), ("two", "c")]
    house.install("broken", agentd_register_tools=raises(OSError("no disk")))
    with pytest.raises(ConfigError, match=r"plugin broken: agentd_register_tools: failed .*no disk"):
        house.load().tools()


def test_the_office_is_the_first_that_a_plugin_brings_in_place_of_our_own(house: House) -> None:
    own, theirs = MemoryOffice().parts, MemoryOffice().parts
    given: list[Office] = []

    def brings(own: Office) -> Office:
        given.append(own)
        return theirs

    assert house.load().office(own) is own
    house.install("absent", agentd_office=lambda: None)
    house.install("crm", agentd_office=brings)
    house.install("late", agentd_office=raises(RuntimeError("never asked")))
    assert house.load().office(own) is theirs
    assert given == [own]


@pytest.mark.parametrize("answer", [raises(OSError("no disk")), lambda: "an office"])
def test_an_office_or_back_office_that_is_none_stops_start_up(house: House, answer: Callable[..., Any]) -> None:
    house.install("bad", agentd_office=answer, agentd_back_office=answer)
    with pytest.raises(ConfigError, match="plugin bad: agentd_office: failed"):
        house.load().office(MemoryOffice().parts)
    with pytest.raises(ConfigError, match="plugin bad: agentd_back_office: failed"):
        house.load().back_office()


def test_the_back_office_is_the_first_that_a_plugin_brings(house: House) -> None:
    class Clerk:
        async def after_call(self, case: object, desk: object) -> None:
            raise NotImplementedError

    clerk = Clerk()
    assert house.load().back_office() is None
    house.install("absent", agentd_back_office=lambda: None)
    house.install("clerk", agentd_back_office=lambda: clerk)
    assert house.load().back_office() is clerk


def test_an_engine_of_the_wrong_shape_is_refused(house: House) -> None:
    house.install("wrong", agentd_register_engines=brings_tts("soft", factory=lambda settings, argument: object()))
    with pytest.raises(ConfigError, match="made something of type object, no TTS"):
        house.load().tts("soft")


def test_an_engine_that_cannot_start_says_why(house: House) -> None:
    def factory(settings: Settings, argument: str) -> Quiet:
        raise OSError("no such model")

    house.install("voices", agentd_register_engines=brings_tts("soft", factory=factory))
    with pytest.raises(ConfigError, match=r"plugin voices cannot start \(OSError: no such model"):
        house.load().tts("soft:x")


def test_an_engine_that_knows_its_cure_keeps_it(house: House) -> None:
    def factory(settings: Settings, argument: str) -> Quiet:
        raise ConfigError("environment", "OPENAI_API_KEY", "not set", "set it")

    house.install("voices", agentd_register_engines=brings_tts("soft", factory=factory))
    with pytest.raises(ConfigError, match=r"OPENAI_API_KEY: not set. Cure: set it"):
        house.load().tts("soft")


# --- hooks of a running house


async def idle(*_: Any) -> None: ...


class Reader:
    name = "reader"
    run = idle


def test_what_plugins_bring_is_gathered_in_their_order(house: House) -> None:
    reader = Reader()
    house.install("a", agentd_guards=lambda: [idle], agentd_daemon_tasks=lambda: (idle,))
    house.install("b", agentd_guards=lambda config: [idle, idle], agentd_subscribers=lambda: iter([reader]))
    plugins = house.load()
    assert plugins.guards() == [idle] * 3
    assert plugins.subscribers() == [reader]
    assert plugins.daemon_tasks() == [("a", idle)]
    assert house.failures == []


@pytest.mark.parametrize("error", [RuntimeError("+972501234567"), SystemExit(1)])
def test_a_hook_that_raises_is_reported_without_its_message_and_the_next_one_is_asked(
    house: House, error: BaseException
) -> None:
    for hook in ("agentd_guards", "agentd_subscribers", "agentd_daemon_tasks", "agentd_refuse_call"):
        house.install(f"bad_{hook}", **{hook: raises(error)})
    house.install("good", agentd_guards=lambda: [idle], agentd_refuse_call=lambda incoming: incoming.called)
    plugins = house.load()
    assert plugins.guards() == [idle]
    assert (plugins.subscribers(), plugins.daemon_tasks()) == ([], [])
    assert plugins.refuse_call(INCOMING) == "+97239999999"
    name = type(error).__name__
    assert house.blamed[0] == ("bad_agentd_guards", f"agentd_guards: {name}")
    assert len(house.blamed) == 4


def test_a_generator_that_raises_half_way_is_contained(house: House) -> None:
    def half() -> Iterable[Any]:
        yield idle
        raise RuntimeError

    house.install("half", agentd_guards=half)
    assert house.load().guards() == []
    assert house.blamed == [("half", "agentd_guards: RuntimeError")]


def test_what_a_hook_may_not_return_is_reported_and_left_out(house: House) -> None:
    house.install(
        "odd",
        agentd_guards=lambda: ["not callable", idle],
        agentd_subscribers=lambda: [object()],
        agentd_refuse_call=lambda: 5,
        agentd_playbook_for=lambda: "a path",
    )
    plugins = house.load()
    assert (plugins.guards(), plugins.subscribers()) == ([idle], [])
    assert (plugins.refuse_call(INCOMING), plugins.playbook_for(INCOMING)) == (None, None)
    assert [error.rpartition(" ")[2] for _, error in house.blamed] == ["str", "object", "int", "str"]


def test_the_first_playbook_wins(house: House) -> None:
    books = {name: Playbook(name=name, language="en-US", persona="", greeting="") for name in ("b", "c")}
    house.install("a", agentd_playbook_for=lambda: None)
    house.install("b", agentd_playbook_for=lambda: books["b"])
    house.install("c", agentd_playbook_for=lambda: books["c"])
    assert house.load().playbook_for(INCOMING) is books["b"]


def test_a_check_that_raises_is_a_row_that_is_not_fine(house: House) -> None:
    house.install("fine", agentd_check=lambda config: [("model", True, f"found on port {config.port}")])
    house.install("poor", agentd_check=raises(RuntimeError("oh")))
    rows = house.load(port=5).check()
    assert rows[0] == ("fine", "model", True, "found on port 5")
    assert rows[1][:3] == ("poor", "agentd_check", False)


def test_failures_go_to_the_house_once_it_asks_for_them(house: House) -> None:
    house.install("bad", agentd_guards=raises(RuntimeError()))
    plugins = house.load()
    told: list[PluginFailure] = []
    plugins.report_to(told.append)
    plugins.guards()
    assert (told, house.failures) == ([PluginFailure(plugin="bad", error="agentd_guards: RuntimeError")], [])
