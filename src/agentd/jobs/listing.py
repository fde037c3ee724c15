"""Jobs as an operator sees them, and trying a failed one again: from outside of the process that runs them.

Blocking; reads the state of jobs alone, where no row holds personal data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from dbos import DBOSClient, WorkflowStatus
from dbos._serialization import DBOSPortableJSON
from sqlalchemy.exc import SQLAlchemyError

from agentd.jobs.durable import AFTER_CALL, APPLICATION, LATER, QUEUE
from agentd.jobs.errors import JobsError, NoSuchJob
from agentd.jobs.place import SCHEMA, Place
from agentd.store.database import said

STATES: Final = {
    "ENQUEUED": "waiting",
    "PENDING": "running",
    "DELAYED": "later",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}
OVER: Final = frozenset({"done", "failed", "cancelled"})
KILLS_ITS_PROCESS: Final = "its process ended in it each time"


@dataclass(frozen=True, slots=True)
class Job:
    """`step`: the last one that has come to something, or failed; `tries`: how often in a row it has failed. `why`: of
    what failed or was refused, without personal data. `due_ms`: of one that is for later."""

    id: str
    call_sid: str
    state: str
    began_ms: int
    due_ms: int | None
    step: str
    tries: int
    why: str


def jobs(place: Place, *, limit: int = 50, states: Sequence[str] = ()) -> list[Job]:
    """The newest first; none where no jobs were ever run. Raises `JobsError`."""
    wanted = [status for status, state in STATES.items() if state in states] or None
    with _client(place) as client:
        if client is None:
            return []
        found = client.list_workflows(
            name=[AFTER_CALL, LATER], status=wanted, limit=limit, sort_desc=True, load_input=False, load_output=False
        )
        return [_job(status, client.list_workflow_steps(status.workflow_id)) for status in found]


def retry(place: Place, id: str) -> Job:
    """Begin the tries of a failed job's last step again; what it did before stays done. Raises `NoSuchJob`, and
    `JobsError` for one that has not failed."""
    with _client(place) as client:
        found = client.list_workflows(workflow_ids=[id], load_input=False, load_output=False) if client else []
        if client is None or not found:
            raise NoSuchJob(f"there is no job {id}; `agentd jobs list` shows those that there are")
        steps = client.list_workflow_steps(id)
        job = _job(found[0], steps)
        if job.state not in ("failed", "cancelled"):
            raise JobsError(f"{id} is {job.state}: only a job that has failed can be tried again")
        failed = _failed_at_the_end(steps)
        after = steps[-1]["function_id"] + 1 if steps else 1
        client.rewind_workflow(id, start_step=failed[0]["function_id"] if failed else after, queue_name=QUEUE)
        return job


def _job(status: WorkflowStatus, steps: Sequence[Any]) -> Job:
    own = [step for step in steps if _came(step)]
    failed = _failed_at_the_end(steps)
    state = STATES.get(status.status, status.status.lower())
    why = _came(failed[-1])["why"] if failed else "; ".join(_refused(own))
    if status.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
        why = KILLS_ITS_PROCESS
    return Job(
        id=status.workflow_id,
        call_sid=status.workflow_id.removeprefix(f"{AFTER_CALL}-").partition(f"-{LATER}-")[0],
        state=state,
        began_ms=status.created_at or 0,
        due_ms=status.delay_until_epoch_ms if state == "later" else None,
        step=own[-1]["function_name"] if own else "",
        tries=len(failed),
        why=why,
    )


def _failed_at_the_end(steps: Sequence[Any]) -> list[Any]:
    """The tries since the last step that has come to something; waits between them left out."""
    failed: list[Any] = []
    for step in reversed([step for step in steps if _came(step)]):
        if _came(step)["came"] != "failed":
            break
        failed.insert(0, step)
    return failed


def _refused(own: Sequence[Any]) -> Iterator[str]:
    for step in own:
        if _came(step)["came"] == "refused":
            yield f"{step['function_name']}: {_came(step)['why']}"


def _came(step: Any) -> dict[str, Any]:
    """What was recorded of a step of ours; {} for DBOS's own."""
    output = step["output"]
    return output if isinstance(output, dict) and "came" in output else {}


@contextmanager
def _client(place: Place) -> Iterator[DBOSClient | None]:
    """None where no jobs were ever run."""
    try:
        if not place.used():
            yield None
            return
        client = DBOSClient(
            system_database_url=place.url,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSON,
            application_name=APPLICATION,
            retry_connection_errors=False,
        )
        try:
            yield client
        finally:
            client.destroy()
    except SQLAlchemyError as error:
        raise JobsError(f"the state of jobs cannot be read: {said(error)}") from error
