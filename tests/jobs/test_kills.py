"""Processes of jobs that are killed, at every point of their work: finished steps are not repeated, each effect happens
once, nothing is lost."""

from __future__ import annotations

from collections import Counter

from agentd.config import Settings
from agentd.store.sql_store import SqlStore
from tests.jobs.jobs_play import ACTIONS, GO, HOLD, POINTS, Zygote, calls_are_over, jobs, opened, phone_of

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
