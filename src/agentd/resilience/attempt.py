"""One try of one engine of a chain: contained, timed, and counted by its breaker."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import trio

from agentd.call.contain import contain
from agentd.errors import EngineError, PluginFailed
from agentd.events import EngineSwitch, Event
from agentd.resilience.breaker import Breaker

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)

_MARKER = re.compile(r"<\|(?:end|eot|eom|im_|start|begin|system|user|assistant)")
"""How the end-of-text and role markers begin that chat models are trained with."""

Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Named(Generic[E_co]):
    """An engine of a chain. The breaker belongs to the process: what one call learns, all calls know."""

    name: str
    engine: E_co
    breaker: Breaker = field(default_factory=Breaker)


class Patience:
    """How long the engine may keep us waiting; the time that its own reader takes does not count."""

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self._what = ""

    def wait(self, seconds: float, what: str) -> None:
        """From now, `what` must come within `seconds`."""
        self.scope.deadline, self._what = trio.current_time() + seconds, what

    def rest(self) -> None:
        """The engine is not the one to wait for now."""
        self.scope.deadline = math.inf

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Raises `EngineError(retryable=False)` when patience ran out; what the engine was doing was cancelled."""
        with self.scope:
            yield
        if self.scope.cancelled_caught:
            raise EngineError(f"no {self._what} in time")


async def attempt(engine: Named[E], run: Callable[[], Awaitable[None]]) -> None:
    """Await `run`, which uses `engine`. Whatever else than a cancel of ours it raises comes out as `EngineError`: an
    engine with a bug, even one that raises `SystemExit` or another framework's `CancelledError`, is an engine that
    failed. The breaker hears of the failure, and of a cancel that left a probe undecided; success is told by `run`,
    at the first good result."""
    try:
        await contain(engine.name, run)
    except PluginFailed as failed:
        engine.breaker.failed(trio.current_time())
        raise _as_engine_error(engine.name, failed.cause) from failed
    except (trio.Cancelled, BaseExceptionGroup):  # a group here holds nothing but cancels
        engine.breaker.dropped()
        raise


def _as_engine_error(name: str, cause: BaseException | str) -> EngineError:
    """The first `EngineError` of a group, or one that names the type of a bug (its text may hold what was said)."""
    while isinstance(cause, BaseExceptionGroup):
        expected = cause.subgroup(EngineError)
        cause = (expected or cause).exceptions[0]
    if isinstance(cause, EngineError):
        return cause if cause.engine else EngineError(str(cause), retryable=cause.retryable, engine=name)
    return EngineError(f"failed with {type(cause).__name__}", engine=name)


class Course(Generic[E]):
    """Which engine of its chain a call is using, and the events of every change."""

    def __init__(self, stage: str, chain: Sequence[Named[E]], emit: Emit) -> None:
        if not chain:
            raise ValueError(f"the {stage} chain is empty")
        self.stage, self.chain, self._emit = stage, tuple(chain), emit
        self._current = self.chain[0]

    def engines(self, first: Named[E] | None = None) -> Iterator[Named[E]]:
        """Those that may be tried now, in order, or from `first` on. Ask for the next one only when the one before has
        failed."""
        at = self.chain.index(first) if first is not None else 0
        for engine in self.chain[at:] + self.chain[:at]:
            if engine.breaker.allow(trio.current_time()):
                yield engine

    def other(self, now_s: float) -> Named[E] | None:
        """The next engine after the one in use, or else that one, for a question beside it; None: all are resting."""
        at = self.chain.index(self._current) + 1
        return next((e for e in self.chain[at:] + self.chain[:at] if e.breaker.allow(now_s)), None)

    def use(self, engine: Named[E], last: EngineError | None) -> None:
        """What this call gets comes from `engine` now, because of `last`: an event, unless it did so already."""
        if engine is self._current:
            return
        why = "works again" if engine is self.chain[0] else "the ones before it rest after failures"
        self._emit(
            EngineSwitch(stage=self.stage, old=self._current.name, new=engine.name, why=str(last) if last else why)
        )
        self._current = engine

    def exhausted(self, last: EngineError | None) -> EngineError:
        """What to raise when no engine is left."""
        return last or EngineError(f"every {self.stage} engine is resting after failures")


def garbled(text: str) -> bool:
    """Is this no text for a caller: control characters, undecodable bytes, a model's own markers?"""
    return (
        "\ufffd" in text
        or _MARKER.search(text) is not None
        or any(c not in "\n\t\r" and unicodedata.category(c) in ("Cc", "Cs", "Co") for c in text)
    )
