"""A process killed in mid-write, two processes on one file, a full disk, a server that goes away: on real databases."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import trio
from sqlalchemy import Connection, event, text

from agentd.config import Settings
from agentd.events import Private, Recorded, WsStart
from agentd.office import Span
from agentd.storage import StoreError
from agentd.store.audit import broken_at
from agentd.store.sql_store import SqlStore
from agentd.store.writer import StoreSubscriber
from agentd.testing.contracts.office import MINUTE_MS, PHONE, TEN, draft
from agentd.testing.contracts.store import CALLER, a_call, began, said

CHILD = Path(__file__).with_name("store_child.py")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[SqlStore]:
    store = SqlStore(settings)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


@contextmanager
def child(verb: str, settings: Settings, argument: str = "") -> Iterator[subprocess.Popen[str]]:
    url = settings.database_url.get_secret_value()
    command = [sys.executable, str(CHILD), verb, str(settings.state_dir), url, argument]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_a_process_that_is_killed_in_mid_write_loses_nothing_committed(settings: Settings) -> None:
    with child("write", settings) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 5:
                process.kill()
        committed = int(line)
    async with opened(settings) as store:
        calls = await store.calls(limit=100_000)
        batches = {int(call.call_sid[2:].partition("-")[0]) for call in calls}
        assert batches >= set(range(committed + 1))
        assert len(calls) == 20 * len(batches)  # a batch is there whole or not at all
        last = await store.conversation(f"CA{committed}-19")
        assert last is not None
        assert (len(last.lines), last.call.reason) == (2, "stop")
        await store.write(a_call("CA-after"))


async def test_a_process_that_is_killed_makes_each_effect_once_or_not_at_all(settings: Settings) -> None:
    number, committed = 0, set()
    for lines in (3, 6, 9, 4):  # killed in another effect each time
        with child("effects", settings, str(number)) as process:  # it begins with the round that was cut short
            assert process.stdout is not None
            for _ in range(lines):
                committed.add(process.stdout.readline())
            process.kill()
            committed.update(line for line in process.stdout if line.endswith("\n"))
        number = max(int(line.split()[0]) for line in committed)
    async with opened(settings) as store:
        call_notes = store.database.transaction(
            lambda connection: connection.execute(text("SELECT text FROM call_notes")).scalars().all()
        )
        [lead] = await store.crm.leads()
        customer = await store.crm.get(PHONE.text)
        meetings = await store.calendar.meetings(Span(0, 2**50))
        verdicts, trail = await store.tool_calls("CA1"), await store.trail()
    assert customer is not None
    made = {
        "crm": [line.split()[1] for line in customer.notes.text.splitlines()],
        "calendar": [str((meeting.span.from_ms - TEN) // (30 * MINUTE_MS)) for meeting in meetings],
        "files": [note.split()[1] for note in call_notes],
        "ledger": [row.id.removeprefix("tc-") for row in verdicts],
    }
    for name, numbers in made.items():
        assert len(numbers) == len(set(numbers))
        assert {line.split()[0] for line in committed if line.split()[1] == name} <= set(numbers)
        assert set(numbers) <= {str(each) for each in range(number + 2)}
    assert set(made["crm"]) <= {slot.removeprefix("slot") for slot in lead.slots}
    assert len(trail) == len(verdicts)
    assert broken_at(trail) is None


def booked(settings: Settings, *keys: str) -> list[dict[str, str]]:
    """What processes that book the same times at once are told, by half hour; a process for each of `keys`."""
    with ExitStack() as stack:
        processes = [stack.enter_context(child("book", settings, key)) for key in keys]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60)[0] for process in processes]
    return [dict(line.split() for line in lines.splitlines()) for lines in said]


async def test_of_two_processes_that_want_the_same_times_each_time_goes_to_one(settings: Settings) -> None:
    async with opened(settings) as store:
        one, other = await trio.to_thread.run_sync(booked, settings, "one", "other")
        ids = {meeting.id for meeting in await store.calendar.meetings(Span(0, 2**50))}
    got = [{what for what in told.values() if what != "taken"} for told in (one, other)]
    assert len(one) == len(other) == 20
    assert not got[0] & got[1]
    assert got[0] | got[1] == ids
    assert len(ids) == 20


async def test_two_processes_with_one_key_are_told_the_same(settings: Settings) -> None:
    async with opened(settings) as store:
        one, other = await trio.to_thread.run_sync(booked, settings, "key", "key")
        assert one == other
        assert {meeting.id for meeting in await store.calendar.meetings(Span(0, 2**50))} == set(one.values())


async def test_of_two_that_wait_for_each_other_both_are_done(postgres: str) -> None:
    both_began, tries = threading.Barrier(2, timeout=10), []

    async with opened(Settings.of(database_url=postgres)) as store:
        for phone in ("+972501234567", "+972521111111"):
            await store.crm.upsert_lead(draft(Private(phone)), phone)

        def touch(*phones: str) -> None:
            tried = 0

            def work(connection: Connection) -> None:
                nonlocal tried
                tried += 1
                tries.append(phones)
                for phone in phones:
                    note = {"phone": phone, "by": phones[0]}
                    connection.execute(text("UPDATE leads SET summary = summary || :by WHERE phone = :phone"), note)
                    if phone == phones[0] and tried == 1:
                        both_began.wait()

            store.database.transaction(work)

        async with trio.open_nursery() as nursery:
            for phones in (("+972501234567", "+972521111111"), ("+972521111111", "+972501234567")):
                nursery.start_soon(trio.to_thread.run_sync, touch, *phones)
        assert len(tries) > 2  # one more, or two: who is begun again may be there before the other wakes up
        for lead in await store.crm.leads():
            assert sorted(lead.summary.text.split("+")[1:]) == ["972501234567", "972521111111"]


async def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    settings = Settings.of(state_dir=tmp_path)
    async with opened(settings) as store:
        with child("hold", settings) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            assert await store.calls() == []  # a reader does not wait
            assert await store.write(a_call()) == 0
            assert process.wait(10) == 0
        assert [call.call_sid for call in await store.calls()] == ["CA1"]


async def test_a_full_disk_is_said_costs_nothing_committed_and_passes(tmp_path: Path) -> None:
    async with opened(Settings.of(state_dir=tmp_path)) as store:
        await store.write(a_call("CA1"))
        engine, limit = store.database.engine, 40

        def full(raw: Any, record: Any, proxy: Any) -> None:
            raw.execute(f"PRAGMA max_page_count={limit}")

        event.listen(engine, "checkout", full)
        committed = {"CA1"}
        said_so = ""
        while not said_so and len(committed) < 1000:
            sid = f"CB{len(committed)}"
            try:
                await store.write([began(sid), said("word " * 500, sid)])
                committed.add(sid)
            except StoreError as error:
                said_so = str(error)
        assert said_so == "database or disk is full"
        kept = {call.call_sid for call in await store.calls(limit=1000)}
        assert kept == committed
        limit = 1_000_000
        await store.write([began("CC")])
        assert {call.call_sid for call in await store.calls(limit=1000)} == kept | {"CC"}


async def test_a_server_that_goes_away_is_caught_up_with_when_it_is_back(postgres: str, postgres_server: str) -> None:
    start = WsStart(stream_sid="MZ1", mode="AI", caller=Private("+972501234567"), called="+97237654321")
    name = urlsplit(postgres).path[1:]
    tape, reading = trio.open_memory_channel[Recorded](100)
    async with opened(Settings.of(database_url=postgres)) as store, trio.open_nursery() as nursery:
        subscriber = StoreSubscriber(store)
        nursery.start_soon(subscriber.run, reading)

        async def until(healthy: bool, pending: int) -> None:
            with trio.fail_after(15):
                while (subscriber.healthy, subscriber.pending) != (healthy, pending):
                    await trio.sleep(0.02)

        with psycopg.connect(postgres_server, autocommit=True) as operator:
            tape.send_nowait(Recorded("CA1", 1, 1, 0, 0, start))
            await trio.sleep(0.1)
            await until(True, 0)
            operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
            operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            tape.send_nowait(Recorded("CA2", 1, 1, 0, 0, start))
            await until(False, 1)
            operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
            await until(True, 0)
        assert {call.call_sid for call in await store.calls()} == {"CA1", "CA2"}
        tape.close()


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_what_was_forgotten_is_not_on_the_disk_either(tmp_path: Path) -> None:
    async with opened(Settings.of(state_dir=tmp_path)) as store:
        await store.write([*a_call(), said("my name is Zerubavela", seq=11)])
        assert b"Zerubavela" in on_disk(tmp_path)
        await store.forget(CALLER, "operator")
        left = on_disk(tmp_path)
        assert b"Zerubavela" not in left
        assert CALLER.text.encode() not in left


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit SET detail = '{}' WHERE number = 3", 3),
        ("UPDATE audit SET at_ms = 7 WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("UPDATE audit SET number = number + 1 WHERE number = 5", 5),
        ("UPDATE audit SET actor = 'nobody', hash = 'x' WHERE number = 5", 5),
        ("SELECT 1", None),
    ],
)
async def test_an_audit_trail_that_was_tampered_with_says_where(
    settings: Settings, change: str, broken: int | None
) -> None:
    async with opened(settings) as store:
        for number in range(1, 6):
            await store.audit("operator", "approve", {"lead": number, "שם": "x"}, number)
        assert broken_at(await store.trail()) is None
        store.database.transaction(lambda connection: connection.execute(text(change)))
        assert broken_at(await store.trail()) == broken
