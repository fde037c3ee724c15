"""Cancel a scenario at its first task step, its second, its third, ... and see that nothing is left behind.

Structured concurrency makes most leaks impossible and the rest rare: a socket opened between two checkpoints, a task
handed to somebody else's nursery, a `finally` that waits without a shield. They show only when the cancellation lands
on the one step that matters, so it is landed on every step.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import threading
import traceback
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import trio
import trio.testing
from trio.abc import Instrument
from trio.lowlevel import Task

from agentd.testing.play import play

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: how often the scenario ran, and how many task steps it takes when nothing cancels it."""

    runs: int
    steps: int


class _CancelAt(Instrument):
    """Counts task steps, cancels the scope at one of them, and knows which tasks are alive."""

    def __init__(self, step: int) -> None:
        self.scope = trio.CancelScope()
        self.at, self.steps = step, 0
        self.alive: set[Task] = set()

    def task_spawned(self, task: Task) -> None:
        self.alive.add(task)

    def task_exited(self, task: Task) -> None:
        self.alive.discard(task)

    def before_task_step(self, task: Task) -> None:
        self.steps += 1
        if self.steps == self.at:
            self.scope.cancel(reason=f"cancel_everywhere: step {self.at}")


def cancel_everywhere(
    scenario: Callable[[trio.CancelScope], Awaitable[T]],
    *,
    check: Callable[[T], object] = lambda result: None,
    seed: int = 0,
    first: int = 1,
    stride: int = 1,
    max_runs: int | None = None,
    within_s: float = 3600.0,
) -> Swept:
    """Run `scenario(scope)` again and again in virtual time, the scope cancelled one `stride` of task steps later each
    time, until a run ends before its step comes. The scenario puts the scope around what is to be cancelled
    (`with scope: await run_call(...)`), returns normally whether it was or not, and returns whatever `check` wants to
    see, which asserts what must hold however far it got.

    AssertionError names the step and the seed when a run raises, hangs (`within_s` of virtual time), fails its check,
    or leaves a task, a nursery, an open descriptor, a thread or a warning (an unclosed socket, a coroutine never
    awaited) behind. `first` and `max_runs=1` repeat that run alone. The scenario is synchronous to call: not from
    within trio.
    """
    runs = 0
    for step in itertools.count(first, stride):
        cancel = _CancelAt(step)
        problems = _run(scenario, cancel, check, seed, within_s)
        runs += 1
        if problems:
            raise AssertionError(
                f"cancelled at task step {step} of seed {seed}: {'; '.join(problems)}. "
                f"Repeat with cancel_everywhere(..., seed={seed}, first={step}, max_runs=1)"
            )
        if cancel.steps < step or runs == max_runs:
            break
    return Swept(runs, cancel.steps)


def _run(
    scenario: Callable[[trio.CancelScope], Awaitable[T]],
    cancel: _CancelAt,
    check: Callable[[T], object],
    seed: int,
    within_s: float,
) -> list[str]:
    descriptors, threads = _descriptors(), set(threading.enumerate())

    async def main() -> tuple[T | None, list[str]]:
        stuck: list[str] = []
        trio.lowlevel.spawn_system_task(_break_shields, within_s + 1, cancel, stuck)
        me = trio.lowlevel.current_task()
        strangers = cancel.alive | {me}
        result = None
        with trio.move_on_after(within_s) as limit:
            result = await scenario(cancel.scope)
        await trio.testing.wait_all_tasks_blocked()  # who is on the way out may leave
        if limit.cancelled_caught:
            why = f", behind a shield: {', '.join(stuck)}" if stuck else ""
            return None, [f"still running after {within_s:g} virtual seconds{why}"]
        left = sorted(task.name for task in cancel.alive - strangers)
        return result, [f"tasks left: {', '.join(left)}"] if left else []

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, problems = play(main, seed=seed, instruments=(cancel,))
            if not problems:
                check(cast("T", result))
        except KeyboardInterrupt:
            raise
        except BaseException as e:  # boundary: whatever the run or its check dies of is the finding
            problems = [_described(e)]
        del main
        if _descriptors() - descriptors:
            gc.collect()  # what only a cycle kept open now shows as the warning that it deserves
    left = sorted(_descriptors() - descriptors)
    if left:
        problems.append(f"descriptors left open: {', '.join(left)}")
    # Trio keeps idle worker threads for a while, under this name; one that works carries the name of its function.
    alive = [t.name for t in set(threading.enumerate()) - threads if not t.name.startswith("Trio thread")]
    if alive:
        problems.append(f"threads left: {', '.join(alive)}")
    return problems + [f"{w.category.__name__}: {w.message}" for w in caught]


async def _break_shields(after_s: float, cancel: _CancelAt, stuck: list[str]) -> None:
    """Free a run that hangs behind a shield, so that it can be reported: nothing but this ends it."""
    await trio.sleep(after_s)
    for task in cancel.alive - {trio.lowlevel.current_task()}:
        status: Any = getattr(task, "_cancel_status", None)
        while status is not None:
            if status._scope.shield:
                status._scope.shield = False
                stuck.append(task.name)
            status = status.parent


def _descriptors() -> set[str]:
    """What this process has open, as "4 -> socket:[123]"."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            found.add(f"{number} -> {os.readlink(f'/proc/self/fd/{number}')}")
    return found


def _described(e: BaseException) -> str:
    if isinstance(e, BaseExceptionGroup):
        return f"{type(e).__name__}({'; '.join(_described(inner) for inner in e.exceptions)})"
    where = traceback.extract_tb(e.__traceback__)[-1:]
    place = f" at {os.path.basename(where[0].filename)}:{where[0].lineno}" if where else ""
    return f"{e!r}{place}"
