"""The schema comes up to date from nothing, from the release before, and beside a newer one; and it only grows."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from agentd.config import Settings
from agentd.errors import ConfigError
from agentd.storage import StoreError
from agentd.store.database import Database
from agentd.store.migrate import HEAD, OLDER, WHERE, is_current, migrate, revision
from agentd.store.sql_store import SqlStore
from agentd.store.tables import metadata
from agentd.store.upgrade import upgrade

REVISIONS = [*OLDER, HEAD]


def columns(connection: Connection) -> dict[str, dict[str, str]]:
    """Table -> column -> type and whether it may be null."""
    looked = inspect(connection)
    return {
        table: {str(c["name"]): f"{c['type']} {c['nullable']}" for c in looked.get_columns(table)}
        for table in looked.get_table_names()
        if table != "alembic_version"
    }


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    made = Database(settings)
    made.prepare(create=True)
    yield made
    made.close()


def test_the_newest_migration_is_the_one_that_is_named() -> None:
    script = ScriptDirectory(str(WHERE))
    assert script.get_heads() == [HEAD]
    assert sorted(each.revision for each in script.walk_revisions()) == REVISIONS


def test_the_tables_of_an_empty_database_are_what_the_migrations_come_to(database: Database) -> None:
    assert database.transaction(is_current)
    made, rules = database.transaction(columns), database.transaction(_rules)
    database.transaction(metadata.drop_all)
    database.transaction(lambda connection: connection.execute(text("DROP TABLE alembic_version")))
    database.transaction(migrate)
    assert database.transaction(columns) == made
    assert database.transaction(_rules) == rules
    assert made.keys() == metadata.tables.keys()
    assert sum(" WHERE " in rule for rule in rules) == 1


def _rules(connection: Connection) -> set[str]:
    """Every index and constraint, as the database tells it."""
    asked = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() UNION ALL "
        "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = current_schema()::regnamespace"
    )
    if connection.dialect.name == "postgresql":
        return set(connection.execute(text(asked)).scalars())
    looked = inspect(connection)
    indexes = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'index'"))
    found = {str(row) for row in indexes.scalars()}
    for table in metadata.tables:
        rules = (looked.get_pk_constraint(table), *looked.get_unique_constraints(table))
        found |= {f"{table} {rule}" for rule in rules}
    return found


def test_alembic_finds_an_empty_database_that_was_made_at_once_at_the_newest_migration(database: Database) -> None:
    database.transaction(is_current)
    at = database.transaction(lambda connection: MigrationContext.configure(connection).get_current_revision())
    assert at == HEAD
    before = database.transaction(columns)
    database.transaction(migrate)
    assert database.transaction(columns) == before


def test_a_stranger_s_table_is_not_taken_for_ours(database: Database) -> None:
    database.transaction(lambda connection: connection.execute(text("CREATE TABLE calls (sound TEXT)")))
    with pytest.raises(StoreError, match=r"calls.* already exists"):
        database.transaction(is_current)
    assert database.transaction(columns).keys() == {"calls"}


def test_an_upgrade_that_fails_says_why_as_if_it_had_been_tried_here(database: Database, settings: Settings) -> None:
    database.transaction(lambda connection: migrate(connection, "0001"))
    database.transaction(lambda connection: connection.execute(text("CREATE TABLE audit (sound TEXT)")))
    with pytest.raises(StoreError, match=r"audit.* already exists") as raised:
        upgrade(settings)
    driver = getattr(raised.value.__cause__, "orig", None)
    code = getattr(driver, "sqlite_errorcode", None) or getattr(driver, "sqlstate", None)
    assert code in (sqlite3.SQLITE_ERROR, "42P07")  # what `outage.py` reads
    assert database.transaction(revision) == "0001"


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        (sys.executable, "-c", "print('chatter'); raise SystemExit(1)"),
        ("/nowhere/python",),
    ],
    ids=["killed", "a traceback", "not there"],
)
async def test_an_upgrade_that_is_cut_off_can_be_tried_again(
    database: Database, settings: Settings, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    database.transaction(lambda connection: migrate(connection, "0001"))
    store = SqlStore(settings)
    with monkeypatch.context() as patched:
        patched.setattr("agentd.store.upgrade.COMMAND", command)
        with pytest.raises(StoreError, match="its upgrade"):  # no `ConfigError`: there is nothing to correct
            await store.open()
    assert database.transaction(revision) == "0001"
    await store.open()
    await store.aclose()
    assert database.transaction(revision) == HEAD


def test_a_database_that_was_taken_back_to_nothing_is_made_again(database: Database) -> None:
    database.transaction(migrate)
    database.transaction(metadata.drop_all)
    database.transaction(lambda connection: connection.execute(text("DELETE FROM alembic_version")))
    assert database.transaction(is_current)
    assert database.transaction(revision) == HEAD


def test_each_migration_only_adds(database: Database) -> None:
    before: dict[str, dict[str, str]] = {}
    for each in REVISIONS:
        database.transaction(lambda connection, to=each: migrate(connection, to))
        after = database.transaction(columns)
        assert all(table in after and found.items() <= after[table].items() for table, found in before.items())
        before = after


def test_the_rows_of_the_release_before_are_still_there(database: Database, settings: Settings) -> None:
    row = "'CA1', '+972501234567', '+97237654321', 'AI', 1, 1000, 6000, 'stop', NULL"
    database.transaction(lambda connection: migrate(connection, "0001"))
    database.transaction(lambda connection: connection.execute(text(f"INSERT INTO calls VALUES ({row})")))

    async def listed() -> list[str]:
        store = SqlStore(settings)
        await store.open()
        try:
            await store.audit("operator", "look", {}, 1)
            return [call.call_sid for call in await store.calls()]
        finally:
            await store.aclose()

    assert trio.run(listed) == ["CA1"]
    assert database.transaction(revision) == HEAD


def test_a_database_that_a_newer_release_has_left_is_used_as_it_is(database: Database) -> None:
    database.transaction(migrate)
    database.transaction(lambda connection: connection.execute(text("ALTER TABLE calls ADD COLUMN mood TEXT")))
    database.transaction(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    assert database.transaction(is_current)
    database.transaction(migrate)
    assert database.transaction(revision) == "9999"


@pytest.mark.parametrize("release", ["", "0001"])
def test_processes_that_start_at_once_migrate_once_and_keep_no_alembic(
    release: str, database: Database, settings: Settings
) -> None:
    if release:
        database.transaction(lambda connection: migrate(connection, release))
    url = settings.database_url.get_secret_value()
    program = (
        "import sys, trio; from agentd.config import Settings; from agentd.store.sql_store import SqlStore\n"
        "async def main():\n"
        "    store = SqlStore(Settings.of(state_dir=sys.argv[1], database_url=sys.argv[2]))\n"
        "    await store.open(); print(len(await store.calls()), 'alembic' in sys.modules)\n"
        "    await store.aclose()\n"
        "trio.run(main)"
    )
    command = [sys.executable, "-c", program, str(settings.state_dir), url]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    ended = [process.communicate(timeout=30) for process in started]
    assert ended == [(b"0 False\n", b"")] * 2
    assert database.transaction(revision) == HEAD


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:secret@h/db", "is no URL of a PostgreSQL"),
        ("not a url", "is no URL of a PostgreSQL"),
        ("postgresql://u:secret@nobody.invalid/db", "cannot be used: .*nobody.invalid"),
        ("postgresql://u:secret@127.0.0.1/db?no_such_option=1", "cannot be used: .*no_such_option"),
    ],
)
async def test_a_database_that_cannot_be_is_refused_with_a_cure_and_without_the_password(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        await SqlStore(Settings.of(database_url=url)).open()
    assert "secret" not in str(caught.value)
    assert caught.value.key == "DATABASE_URL"


async def test_a_file_that_is_no_database_is_refused_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "agentd.db").write_bytes(b"this is a letter to my aunt" * 500)
    store = SqlStore(Settings.of(state_dir=tmp_path))
    with pytest.raises(ConfigError, match=r"file is not a database.*Cure: "):
        await store.open()
    await store.aclose()


async def test_a_state_directory_that_cannot_be_made_is_refused_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"AGENTD_STATE: .*cannot be written: Not a directory.*Cure: "):
        await SqlStore(Settings.of(state_dir=tmp_path / "file" / "state")).open()


async def test_reading_makes_no_database_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"agentd\.db does not exist"):
        await SqlStore(Settings.of(state_dir=tmp_path / "state")).open(create=False)
    assert not (tmp_path / "state").exists()


async def test_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    store = SqlStore(Settings.of(state_dir=tmp_path / "state"))
    await store.open()
    modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "state").iterdir()}
    await store.aclose()
    assert modes.keys() >= {"agentd.db", "agentd.db-wal"}
    assert set(modes.values()) == {0}
