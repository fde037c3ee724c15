"""Processes of jobs that are killed, at every point of their work: finished steps are not repeated, each effect happens
once, nothing is lost."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
import trio

from agentd.config import Settings
from agentd.jobs import listing
from agentd.jobs.errors import JobsError, NoSuchJob
from agentd.jobs.listing import Job
from agentd.jobs.place import Place
from agentd.store.sql_store import SqlStore
from tests.jobs.jobs_play import ACTIONS, FAIL, GO, HOLD, POINTS, Zygote, calls_are_over, jobs, opened, phone_of

T = TypeVar("T")

SIDS = ("CA0", "CA1", "CA2", "CA3", "CA4", "CA5")
KILLS = {sid: POINTS[number :: len(SIDS)] for number, sid in enumerate(SIDS)}
"""Each point is one where some call's process is killed."""


async def effects(store: SqlStore, sid: str) -> dict[str, object]:
    found = await store.conversation(sid)
    assert found is not None
    person = await store.person(found.call.caller)
    assert person.customer is not None
    return {
        "summary": "a flat in Haifa" in found.summary.text,
        "notes": [note.text.text for note in found.notes],
        "leads": [(lead.name.text, dict(lead.slots)) for lead in person.dealings.leads],
        "customer": (person.customer.record.name.text, person.customer.record.notes.text.count("a flat in Haifa")),
        "tools": {row.tool for row in found.tool_calls if row.outcome == "ok"},
    }


ONCE = {
    "summary": True,
    "notes": ["Thank you, Dana"],
    "leads": [("Dana", {"name": "Dana", "area": "Haifa"})],
    "customer": ("Dana", 1),
    "tools": set(ACTIONS),
}


async def test_killed_at_every_point_each_effect_happens_once(zygote: Zygote, settings: Settings) -> None:
    async with opened(settings) as store:
        await calls_are_over(store, *SIDS)
        async with jobs(zygote, settings) as play:
            left = {sid: list(points) for sid, points in KILLS.items()}
            held: set[str] = set()

            def answer(pid: int, call: str, point: str) -> str:
                if left[call] and left[call][0] == point and call not in held:
                    held.add(call)
                    return HOLD
                return GO

            play.answer = answer
            for _ in range(len(POINTS) // len(SIDS)):
                pid = play.start()
                await play.until(lambda: len(held) == len(SIDS))
                play.kill(pid)
                for points in left.values():
                    del points[0]
                held.clear()
            play.start()
            await play.until(lambda: all(play.reached[sid, POINTS[-1]] > (POINTS[-1] in KILLS[sid]) for sid in SIDS))
        for sid in SIDS:
            assert await effects(store, sid) == ONCE
            killed = Counter(point.partition(" ")[2] for point in KILLS[sid])
            assert {step: play.reached[sid, f"begin {step}"] - killed[step] for step in ("plan", *ACTIONS)} == (
                dict.fromkeys(("plan", *ACTIONS), 1)
            )
        assert await store.calls_over_without_job(before_ms=10**15) == []
    assert {to for to, _ in play.sent} == {phone_of(number) for number in range(len(SIDS))}
    assert len(play.sent) == len(SIDS)  # one key for each message, however often it was sent


async def test_jobs_of_a_dead_node_are_taken_over_by_another(zygote: Zygote, postgres: str, tmp_path: Path) -> None:
    settings = Settings.of(state_dir=tmp_path, database_url=postgres)
    async with opened(settings) as store, jobs(zygote, settings) as play:
        await calls_are_over(store, "CA0")
        hold, at = "begin leads.upsert", dict[str, int]()

        def answer(pid: int, call: str, point: str) -> str:
            at[point] = pid
            return HOLD if point == hold and play.reached[call, point] == 1 else GO

        play.answer = answer
        first = play.start()
        await play.until(lambda: hold in at)
        second = play.start()
        await play.until(lambda: second in play.ready)
        assert play.reached["CA0", hold] == 1  # the first one is alive, though it does not move: its job is its own
        play.kill(first)
        await play.until(lambda: "end whatsapp.send" in at)
        assert at["end plan"] == first
        assert at["end summary.generate"] == first
        assert [at[f"end {tool}"] for tool in ACTIONS[1:]] == [second] * 4
        assert await effects(store, "CA0") == ONCE
        assert play.reached["CA0", "begin plan"] == play.reached["CA0", "begin summary.generate"] == 1


async def test_stopped_in_mid_step_it_goes_on_with_the_next_process(zygote: Zygote, tmp_path: Path) -> None:
    settings = Settings.of(state_dir=tmp_path)
    async with opened(settings) as store, jobs(zygote, settings) as play:
        await calls_are_over(store, "CA0")
        play.answer = lambda pid, call, point: (
            HOLD if point == "end calls.log_create" and play.reached[call, point] == 1 else GO
        )
        first = play.start()
        await play.until(lambda: play.reached["CA0", "end calls.log_create"] == 1)
        play.kill(first, signal.SIGTERM)
        play.start()  # waits until the first one has let go
        await play.until(lambda: play.reached["CA0", "end whatsapp.send"] == 1)
        assert await effects(store, "CA0") == ONCE
        assert play.reached["CA0", "begin crm.update"] == 1


async def test_a_step_that_fails_is_tried_again_then_seen_and_begun_again_by_hand(
    zygote: Zygote, settings: Settings
) -> None:
    place = Place.of(settings)
    async with opened(settings) as store, jobs(zygote, settings) as play:
        assert listing.jobs(place) == []
        await calls_are_over(store, "CA0", area="later")
        failing = "begin crm.update"
        play.answer = lambda pid, call, point: FAIL if point == failing and play.reached[call, point] <= 4 else GO
        play.waits_s = [0.05, 0.05]
        pid = play.start()
        await play.until(lambda: play.reached["CA0", failing] == 3)

        def failed() -> Job | None:
            return next(iter(listing.jobs(place, states=["failed"])), None)

        job = await soon(failed)
        assert (job.id, job.call_sid, job.step) == ("after-call-CA0", "CA0", "3 crm.update")
        assert (job.tries, job.why) == (3, "the test wants it so")
        [later] = listing.jobs(place, states=["later"])
        assert (later.id, later.call_sid) == ("after-call-CA0-later-1", "CA0")
        assert later.due_ms is not None
        with pytest.raises(JobsError, match="only a job that has failed"):
            listing.retry(place, later.id)
        with pytest.raises(NoSuchJob):
            listing.retry(place, "after-call-CA7")

        listing.retry(place, job.id)
        await play.until(lambda: play.reached["CA0", "end whatsapp.send"] == 1)
        assert play.reached["CA0", failing] == 5  # one more failed, then it went through
        assert play.reached["CA0", "begin leads.upsert"] == 1
        assert await effects(store, "CA0") == ONCE | {"leads": [("Dana", {"name": "Dana", "area": "later"})]}

        with listing._client(place) as client:
            client.set_workflow_delay(later.id, delay_seconds=0.01)
        play.kill(pid)  # asleep, it is nobody's
        play.start()
        await play.until(lambda: play.reached["CA0", "end leads.tag"] == 1)
        [lead] = await store.crm.leads(phone=phone_of(0))
        assert lead.tags == ("follow-up",)
        done = await soon(lambda: len(found := listing.jobs(place, states=["done"])) == 2 and found)
        assert {each.tries for each in done} == {0}
    kept = state_of_jobs(settings)
    assert "whatsapp.send" in kept
    assert not any(word in kept for word in ("Dana", "Haifa", "flat", phone_of(0)))


def state_of_jobs(settings: Settings) -> str:
    """All that is kept of jobs, on either database."""
    if not (url := settings.database_url.get_secret_value()):
        return "".join(path.read_bytes().decode(errors="replace") for path in settings.state_dir.glob("jobs.db*"))
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'agentd_jobs'").fetchall()
        rows = [connection.execute(f"SELECT t::text FROM agentd_jobs.{table} t".encode()) for (table,) in tables]
        return "\n".join(text for found in rows for (text,) in found)


async def soon(look: Callable[[], T | bool | None]) -> T:
    """What is recorded just after a process has said so."""
    with trio.fail_after(20):
        while not (found := look()):
            await trio.sleep(0.1)
    return found  # type: ignore[return-value]
