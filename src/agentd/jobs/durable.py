"""The jobs themselves, on DBOS: the only file that knows it.

    after-call-CA1           plan -> [later ones are put aside] -> action 1 -> action 2 -> ...
    after-call-CA1-later-1   (asleep in the queue) -> still wanted? -> action 1 -> ...

Each step is recorded when it is over, and never run again; one that was cut off is run again, by this process started
anew or by another one, and its effects have keys. A try that failed is a step too: how often something was tried
survives a kill. DBOS keeps names, numbers, and sentences without personal data.

| a process is killed                 | afterwards                                                              |
|-------------------------------------|-------------------------------------------------------------------------|
| before a job is begun               | the store still names its call, and it is begun                         |
| between two steps                   | the next one is run                                                     |
| in a step                           | that step is run again: the effect is there, or is made now             |
| asleep between two tries, or before | it goes on at the time that was set                                     |
| a later action                      |                                                                         |
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec
import trio
from sqlalchemy.exc import SQLAlchemyError

from agentd.agents.workflows import Done
from agentd.core.workflows import Action, Later, Plan
from agentd.errors import AgentdError
from agentd.jobs.bridge import Bridge
from agentd.jobs.errors import JobFailed, JobsError
from agentd.jobs.place import SCHEMA, Place
from agentd.store.database import said

_dbos = logging.getLogger("dbos")
_dbos.addHandler(logging.NullHandler())  # before its import: else it writes to the terminal by itself

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID  # noqa: E402
from dbos._serialization import DBOSPortableJSON  # noqa: E402

log = logging.getLogger("agentd.jobs")

APPLICATION: Final = "agentd"
VERSION: Final = "1"
"""Of the order of steps below. A job is finished only by processes of its own version, so it is raised only with a
change that cannot go on with the steps that older jobs have recorded."""

QUEUE: Final = "agentd-after-call"
AFTER_CALL, LATER = "after-call", "later"
PLAN, WANTED = "plan", "still wanted"

STEPS_AT_ONCE: Final = 8  # of one process: they wait for other people's servers, not for us
JOBS_AT_ONCE: Final = 500
"""Of one process, most of them asleep between tries: those that wait for a server that is down must not keep the others
from theirs. One asleep is a timer and some kilobytes."""
CONNECTIONS: Final = 8
LOOK_S: Final = 0.5  # how late a job that was begun is taken up
WAITS_S: Final = (5.0, 15.0, 45.0, 120.0, 300.0, 900.0, 2100.0)
"""Between the tries of a step: eight in an hour, which is how long records that are being repaired are waited for."""
MOST_STARTS: Final = 50  # of one job: one that kills its process each time is given up within the hour
FORGET_AT_ONCE: Final = 500

Came = dict[str, Any]
"""What is recorded of a step: "came", and "why", "plan" or "wanted"."""


class Work(Protocol):
    """What jobs are made of; `agentd.agents.workflows.AfterCall` is it. Runs in trio."""

    async def plan(self, call_sid: str) -> Plan: ...

    async def still_wanted(self, call_sid: str, later: Later) -> bool: ...

    async def act(self, call_sid: str, action: Action) -> Done: ...


def job_id(call_sid: str) -> str:
    """Of the work after a call: begun twice, it is one job."""
    return f"{AFTER_CALL}-{call_sid}"


class Durable:
    """One for the process. All verbs block: call them in a thread. `node`: the name of this process."""

    def __init__(self, place: Place, node: str, work: Work, bridge: Bridge, waits_s: Sequence[float] = WAITS_S) -> None:
        self._place, self._node, self._work, self._bridge, self._waits_s = place, node, work, bridge, waits_s
        self._steps = trio.CapacityLimiter(STEPS_AT_ONCE)

    def launch(self) -> None:
        """Take up work. Migrates the state of jobs first, under a lock. Raises `ConfigError` and `JobsError`."""
        self._place.prepare()
        _dbos.setLevel(logging.WARNING)
        self._dbos = DBOS(
            config={
                "name": APPLICATION,
                "application_version": VERSION,
                "executor_id": self._node,
                "system_database_url": self._place.url,
                "dbos_system_schema": SCHEMA,
                "serializer": DBOSPortableJSON,
                "use_listen_notify": False,
                "sys_db_pool_size": CONNECTIONS,
                "enable_otlp": False,
                "log_level": "WARNING",
            }
        )
        self._later = DBOS.workflow(name=LATER, max_recovery_attempts=MOST_STARTS)(self._run_later())
        self._after_call = DBOS.workflow(name=AFTER_CALL, max_recovery_attempts=MOST_STARTS)(self._run_after_call())
        try:
            DBOS.launch()
            DBOS.register_queue(
                QUEUE, worker_concurrency=JOBS_AT_ONCE, polling_interval_sec=LOOK_S, on_conflict="always_update"
            )
        except SQLAlchemyError as error:
            DBOS.destroy()
            raise JobsError(f"the state of jobs cannot be used: {said(error)}") from error

    def begin(self, call_sid: str) -> None:
        """Begin the work after a call, unless it has begun: on the disk when this returns."""
        with SetWorkflowID(job_id(call_sid)):
            DBOS.enqueue_workflow(QUEUE, self._after_call, call_sid)

    def idle(self) -> bool:
        """Nothing is under way, here or elsewhere, and nothing waits but for its time."""
        return not DBOS.list_workflows(status=["ENQUEUED", "PENDING"], limit=1, load_input=False, load_output=False)

    def others(self) -> set[str]:
        """Names of other processes that have jobs under way, dead or alive."""
        running = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {job.executor_id for job in running if job.executor_id} - {self._node}

    def take_over(self, dead: Sequence[str]) -> None:
        """Put the jobs of processes that are known to be dead back into the queue, where one of those alive takes each.
        Of two that do this at once one does it: the row says whose job it was."""
        self._dbos._recover_pending_workflows(list(dead))

    def forget(self, before: datetime) -> int:
        """Remove jobs that were over before then; how many there were, at most `FORGET_AT_ONCE`."""
        old = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            completed_before=before.isoformat(),
            limit=FORGET_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        DBOS.delete_workflows([job.workflow_id for job in old])
        return len(old)

    def destroy(self) -> None:
        """Leave what is under way where it is: it goes on with the next process."""
        DBOS.destroy()

    # --- the workflows: deterministic between their steps

    def _run_after_call(self) -> Callable[[str], Coroutine[Any, Any, dict[str, int]]]:
        async def after_call(call_sid: str) -> dict[str, int]:
            found = await self._tried(PLAN, self._plan, call_sid)
            made = msgspec.convert(found["plan"], Plan)
            for number, later in enumerate(made.later, 1):
                with (
                    SetWorkflowID(f"{job_id(call_sid)}-{LATER}-{number}"),
                    SetEnqueueOptions(delay_seconds=later.after_min * 60),
                ):
                    await DBOS.enqueue_workflow_async(QUEUE, self._later, call_sid, msgspec.to_builtins(later))
            return await self._all(call_sid, made.actions)

        return after_call

    def _run_later(self) -> Callable[[str, dict[str, Any]], Coroutine[Any, Any, dict[str, int]]]:
        async def later(call_sid: str, what: dict[str, Any]) -> dict[str, int]:
            due = msgspec.convert(what, Later)
            found = await self._tried(WANTED, self._wanted, call_sid, due)
            return await self._all(call_sid, due.actions if found["wanted"] else ())

        return later

    async def _all(self, call_sid: str, actions: Sequence[Action]) -> dict[str, int]:
        """One after the other. Returns how many came to what."""
        counts: dict[str, int] = {}
        for number, action in enumerate(actions, 1):
            came = (await self._tried(f"{number} {action.tool}", self._act, call_sid, action))["came"]
            counts[came] = counts.get(came, 0) + 1
        return counts

    async def _tried(self, name: str, fn: Callable[..., Awaitable[Came]], *args: Any) -> Came:
        """A step, tried until it has not failed. Raises `JobFailed` after the last try."""
        for wait_s in (*self._waits_s, None):
            came = await DBOS.run_step_async({"name": name}, self._bridge.run, self._contained, fn, *args)
            if came["came"] != "failed":
                return came
            if wait_s is not None:
                await DBOS.sleep_async(wait_s)
        raise JobFailed(f"{name}: {came['why']}")

    async def _plan(self, call_sid: str) -> Came:
        return {"came": "done", "plan": msgspec.to_builtins(await self._work.plan(call_sid))}

    async def _wanted(self, call_sid: str, later: Later) -> Came:
        return {"came": "done", "wanted": await self._work.still_wanted(call_sid, later)}

    async def _act(self, call_sid: str, action: Action) -> Came:
        done = await self._work.act(call_sid, action)
        return {"came": done.came, "why": done.why}

    async def _contained(self, fn: Callable[..., Awaitable[Came]], *args: Any) -> Came:
        """In trio. Whatever a step raises is a try that failed: the work is not lost by a bug that is mended within the
        hour."""
        try:
            async with self._steps:
                return await fn(*args)
        except Exception as error:  # boundary
            log.exception("a step of a job failed")
            return {"came": "failed", "why": error.code if isinstance(error, AgentdError) else type(error).__name__}
