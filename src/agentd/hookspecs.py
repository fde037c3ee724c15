"""All hooks on one screen. A hook is synchronous and returns objects; what is async lives in what it returns.

A plugin is a package with an entry point in the group `agentd`; its functions carry `@agentd.hookimpl`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    # For types only: `import agentd` and `agentd --help` stay light.
    import click

    from agentd.back_office import BackOffice
    from agentd.config import Settings
    from agentd.core.call_state import State
    from agentd.core.playbook import Playbook
    from agentd.engines import LLM, STT, TTS, VAD
    from agentd.events import Event, Recorded
    from agentd.facts import CallFacts, Incoming
    from agentd.office import Office
    from agentd.tools import Tool

hookspec = pluggy.HookspecMarker("agentd")


class Register(Protocol):
    """Given to `agentd_register_engines`: one call per engine. A factory is called once, when the engine is chosen,
    with the settings and the argument of the chain ("openai:gpt-x" gives "gpt-x"; "" without one): import the heavy
    things there, not in the plugin's `__init__`."""

    def stt(self, name: str, factory: Callable[[Settings, str], STT]) -> None: ...
    def llm(self, name: str, factory: Callable[[Settings, str], LLM]) -> None: ...
    def tts(self, name: str, factory: Callable[[Settings, str], TTS]) -> None: ...
    def vad(self, name: str, factory: Callable[[Settings, str], VAD]) -> None: ...


class CallView(Protocol):
    """What a guard sees of a call: facts, a few clocks, and a few verbs. Never the nursery."""

    @property
    def facts(self) -> CallFacts: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def playbook(self) -> Playbook: ...
    @property
    def state(self) -> State: ...
    def age_s(self) -> float:
        """Since the stream started."""

    def quiet_s(self) -> float:
        """For how long nobody has spoken or been preparing to: 0.0 while anyone does."""

    def sent_s_ago(self) -> float:
        """Since the last media frame of ours was written."""

    def emit(self, event: Event) -> None:
        """Put an event on the call's tape. Never waits."""

    def say(self, text: str, *, interruptible: bool = True) -> bool:
        """Speak a prompt if nobody is speaking; False (and nothing happens) if somebody is."""

    def mark(self, name: str) -> None:
        """Send a mark outside playout accounting."""

    def silence(self, ms: int) -> None:
        """Send a short silence if the line is idle."""

    def pause_recording(self) -> None:
        """Keep nothing of what is said from here on, if the call is recorded."""

    def resume_recording(self) -> None:
        """Go on recording after a pause."""

    def hand_over(self) -> bool:
        """Give the call to a person, or to the voicemail; False when it is on its way, or cannot be."""

    def end(self, reason: str, goodbye: str = "") -> None:
        """End the call, after saying `goodbye` if there is one."""


class Guard(Protocol):
    """A task that lives as long as the call and looks after one thing. Cancelled when the call ends."""

    def __call__(self, call: CallView) -> Awaitable[None]: ...


class Subscriber(Protocol):
    """A task for the whole house that reads every call's tape. Its queue is bounded; what overflows is counted."""

    name: str

    async def run(self, tape: AsyncIterator[Recorded]) -> None: ...


DaemonTask = Callable[[Any], Awaitable[None]]


@hookspec
def agentd_register_engines(register: Register) -> None:
    """Called once at start: name the engines this plugin brings."""


@hookspec
def agentd_register_tools(config: Settings) -> Iterable[Tool]:  # type: ignore[empty-body]
    """Tools that this plugin brings. They pass the same gate as ours; a playbook names those an agent may use."""


@hookspec(firstresult=True)
def agentd_office(config: Settings, own: Office) -> Office | None:
    """The records of the business, in place of those in the store (`own`), or None. Parts may stay `own`: replace the
    CRM alone with `dataclasses.replace(own, crm=...)`."""


@hookspec(firstresult=True)
def agentd_back_office(config: Settings) -> BackOffice | None:
    """Who sums a call up when it is over and does what is left to do, in place of the house's own; or None. Asked once,
    in the process that runs jobs: import heavy things when it is used."""


@hookspec
def agentd_register_commands(cli: click.Group) -> None:
    """Called when the command line starts: add commands with `cli.add_command`."""


@hookspec
def agentd_check(config: Settings) -> Iterable[tuple[str, bool, str]]:  # type: ignore[empty-body]
    """For `agentd check`: rows of (what, fine, sentence with the cure)."""


@hookspec
def agentd_daemon_tasks(config: Settings) -> Iterable[DaemonTask]:  # type: ignore[empty-body]
    """Tasks beside the daemon, each `async def task(task_status)`: READY waits until they call `started()`."""


@hookspec(firstresult=True)
def agentd_refuse_call(incoming: Incoming) -> str | None:
    """A sentence to say instead of answering this call, or None. The first plugin that answers decides."""


@hookspec(firstresult=True)
def agentd_playbook_for(incoming: Incoming) -> Playbook | None:
    """The playbook for this call, or None for the configured one. The first plugin that answers decides."""


@hookspec
def agentd_guards(config: Settings) -> Iterable[Guard]:  # type: ignore[empty-body]
    """Guards to run beside every call."""


@hookspec
def agentd_subscribers(config: Settings) -> Iterable[Subscriber]:  # type: ignore[empty-body]
    """Readers of all tapes."""
