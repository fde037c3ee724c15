"""The rounds of the process of jobs: what is taken up when, and when it must stop."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import trio

from agentd.agents.workflows import Done
from agentd.call.streams import in_thread
from agentd.config import Settings
from agentd.core.workflows import Action, Later, Plan
from agentd.events import Private
from agentd.jobs import listing
from agentd.jobs.bridge import Bridge
from agentd.jobs.claim import claim
from agentd.jobs.durable import STEPS_AT_ONCE, Durable
from agentd.jobs.errors import JobsError
from agentd.jobs.house import run_jobs
from agentd.jobs.place import Place
from agentd.jobs.worker import Worker
from agentd.storage import SlotsRow, StoreError
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts.store import CALLER, a_call, began
from tests.jobs.jobs_play import opened


class Noted:
    """Work that notes what it is asked for; of the calls in `failing` each try fails."""

    def __init__(self, *failing: str) -> None:
        self.acted: list[tuple[str, str]] = []
        self._failing = failing

    async def plan(self, call_sid: str) -> Plan:
        return Plan((Action("leads.upsert"),))

    async def still_wanted(self, call_sid: str, later: Later) -> bool:
        return True

    async def act(self, call_sid: str, action: Action) -> Done:
        self.acted.append((call_sid, action.tool))
        return Done("failed", "out of order") if call_sid in self._failing else Done("done")


async def until(there: Callable[[], bool]) -> None:
    """Another thread, and other people's clocks, have come so far."""
    with trio.fail_after(40):
        while not there():
            await trio.sleep(0.05)


@asynccontextmanager
async def running(settings: Settings, store: SqlStore, work: Noted, settled_s: float = 0.0) -> AsyncIterator[Worker]:
    worker = Worker(settings, store, work, settled_s=settled_s)
    async with trio.open_nursery() as nursery:
        await nursery.start(worker.run)
        yield worker
        worker.stop()


async def test_calls_that_are_over_and_settled_are_taken_up_once(tmp_path: Path) -> None:
    settings, work = Settings.of(state_dir=tmp_path), Noted()
    now_ms = round(time.time() * 1000)
    async with opened(settings) as store:
        await store.write([*a_call("CA1"), *a_call("CA2", at_ms=now_ms), began("CA3", at_ms=now_ms)])
        async with running(settings, store, work, settled_s=3600):
            await until(lambda: len(work.acted) == 1)
            assert await store.calls_over_without_job(before_ms=now_ms + 3_600_000) == ["CA2"]
        await store.write(a_call("CA4"))
        async with running(settings, store, work, settled_s=3600):
            await until(lambda: len(work.acted) == 2)
    assert work.acted == [("CA1", "leads.upsert"), ("CA4", "leads.upsert")]


async def test_a_call_whose_process_was_killed_in_it_is_taken_up_when_it_cannot_be_live(tmp_path: Path) -> None:
    settings, work = Settings.of(state_dir=tmp_path, max_call_sec=60, drain_sec=0), Noted()
    now_ms = round(time.time() * 1000)
    async with opened(settings) as store:
        await store.write([began("CA1", at_ms=now_ms - 61_000), began("CA2", at_ms=now_ms)])
        async with running(settings, store, work):
            await until(lambda: len(work.acted) == 1)
        async with running(settings, store, work):  # it is found again, and is the same job
            await store.write(a_call("CA3"))
            await until(lambda: "CA3" in [sid for sid, _ in work.acted])
    # The stop may have come between a step and its record: that step is done again, as after a kill.
    assert list(dict.fromkeys(sid for sid, _ in work.acted)) == ["CA1", "CA3"]


async def test_jobs_that_wait_for_their_next_try_keep_no_other_from_its_own(tmp_path: Path) -> None:
    down = [f"CA{number}" for number in range(3 * STEPS_AT_ONCE)]
    settings, work = Settings.of(state_dir=tmp_path), Noted(*down)
    async with opened(settings) as store:
        await store.write([change for number, sid in enumerate(down) for change in a_call(sid, at_ms=1000 + number)])
        async with running(settings, store, work):
            await until(lambda: {sid for sid, _ in work.acted} == set(down))
            await store.write(a_call("CB1", at_ms=9000))
            await until(lambda: ("CB1", "leads.upsert") in work.acted)


async def test_once_ends_when_all_that_can_be_done_now_is_done(tmp_path: Path) -> None:
    settings, work = Settings.of(state_dir=tmp_path), Noted()
    async with opened(settings) as store:
        await store.write([*a_call("CA1"), *a_call("CA2")])
        with trio.fail_after(40):
            await Worker(settings, store, work, settled_s=0.0, once=True).run()
    assert {sid for sid, _ in work.acted} == {"CA1", "CA2"}
    assert {job.state for job in listing.jobs(Place.of(settings))} == {"done"}


async def test_the_whole_house_of_jobs_on_a_call(tmp_path: Path) -> None:
    settings = Settings.of(state_dir=tmp_path, language_code="en-US", plugins=("scripted",))
    known = SlotsRow("CA1", 1, 8, 3000, 1, 1, Private('{"name": "Dana"}'))
    async with opened(settings) as store:
        await store.write([*a_call("CA1"), known])
        with trio.fail_after(40):
            await run_jobs(settings, once=True)
        found, person = await store.conversation("CA1"), await store.person(CALLER)
    assert found is not None
    assert "a flat in Haifa" in found.summary.text
    assert [(row.tool, row.agent, row.outcome) for row in found.tool_calls] == [
        ("summary.generate", "back-office", "ok"),
        ("leads.upsert", "back-office", "ok"),
        ("crm.update", "back-office", "ok"),
    ]
    assert [lead.name.text for lead in person.dealings.leads] == ["Dana"]
    states = {job.id: job.state for job in listing.jobs(Place.of(settings))}
    assert states.pop("after-call-CA1") == "done"
    assert set(states.values()) == {"later"}


class Stumbling(SqlStore):
    """A store that cannot be read at first."""

    failures = 2

    async def calls_over_without_job(self, *, before_ms: int, limit: int = 50) -> list[str]:
        if self.failures:
            self.failures -= 1
            raise StoreError("database is locked")
        return await super().calls_over_without_job(before_ms=before_ms, limit=limit)


async def test_a_store_that_stumbles_is_said_once_and_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings, work = Settings.of(state_dir=tmp_path), Noted()
    store = Stumbling(settings)
    await store.open()
    await store.write(a_call("CA1"))
    async with running(settings, store, work):
        await until(lambda: len(work.acted) == 1)
    await store.aclose()
    said = [record.message for record in caplog.records if record.name == "agentd.jobs"]
    assert said == ["the store cannot be read: database is locked. Jobs wait", "the store can be read again"]


async def test_a_process_that_has_lost_its_lock_stops(tmp_path: Path, postgres: str) -> None:
    settings = Settings.of(state_dir=tmp_path, database_url=postgres)

    async def cut_off() -> None:
        async with opened(settings) as store, running(settings, store, Noted()):
            with psycopg.connect(postgres, autocommit=True) as operator:
                operator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'agentd jobs' AND datname = current_database()"
                )
            await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught:
        await cut_off()
    assert caught.group_contains(JobsError, match="cannot be held", depth=None)


async def test_a_state_that_cannot_be_used_is_said_in_a_line(tmp_path: Path) -> None:
    settings = Settings.of(state_dir=tmp_path)
    place = Place.of(settings)
    place.prepare()
    assert place.file is not None
    place.file.write_bytes(b"no database" * 1000)
    async with opened(settings) as store:
        with pytest.raises(BaseExceptionGroup) as caught:
            await Worker(settings, store, Noted()).run()
    assert caught.group_contains(JobsError, match="cannot be used: file is not a database", depth=None)


async def test_jobs_that_were_over_long_ago_are_forgotten(tmp_path: Path) -> None:
    settings, work = Settings.of(state_dir=tmp_path), Noted()
    place = Place.of(settings)
    async with opened(settings) as store:
        await store.write(a_call("CA1"))
        async with running(settings, store, work):
            await until(lambda: bool(listing.jobs(place, states=["done"])))
    ours = claim(place)
    threads = trio.CapacityLimiter(1)
    async with trio.open_nursery() as nursery:
        durable = Durable(place, ours.node, work, Bridge(nursery))
        await in_thread(durable.launch, limiter=threads)
        now = datetime.now(UTC)
        assert durable.forget(now - timedelta(days=1)) == 0
        assert durable.forget(now + timedelta(days=1)) == 1
        await in_thread(durable.destroy, limiter=threads)
    ours.close()
    assert listing.jobs(place) == []
