"""One database, SQLite or PostgreSQL: how it is reached, how long it may take, and its errors in our words.

SQLite: WAL, so that readers never wait; every writing transaction takes the one write lock when it begins, and waits
for it at most `BUSY_S`. A commit is on the disk (`synchronous=FULL`), what is deleted is overwritten (`secure_delete`).
PostgreSQL: the server gives a statement up after `BUSY_S`; a connection that has died is replaced. Of transactions that
wait for each other the server ends one within a second, and that one is begun again.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoResultFound, SQLAlchemyError

from agentd.config import Settings
from agentd.errors import ConfigError
from agentd.storage import StoreError

T = TypeVar("T")

BUSY_S: Final = 3.0  # the longest that a thread, and so a cancel, waits for a lock or a server
CONNECTIONS: Final = 4  # the writer, the sweep, and two readers
TRIES: Final = 3  # of a transaction, against another one
AGAIN_S: Final = 0.1  # between them
FILE: Final = "agentd.db"

_COLLISIONS: Final = ("40001", "40P01")  # SQLSTATE: serialization failure, deadlock


class Database:
    """Making one reaches nothing; `transaction` does. All of it blocks: call it in a thread."""

    def __init__(self, settings: Settings) -> None:
        """Raises `ConfigError` for a `DATABASE_URL` that cannot be one, or whose driver is not installed."""
        self._place = settings.provenance["database_url"]
        written = settings.database_url.get_secret_value()
        self.file = None if written else settings.state_dir / FILE
        self._engine = _postgres(_url(written, self._place), self._place) if self.file is None else _sqlite(self.file)

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def name(self) -> str:
        """For a person to read: no password is in it."""
        if self.file is not None:
            return str(self.file)
        return self._engine.url.set(drivername="postgresql").render_as_string(hide_password=True)

    def prepare(self, *, create: bool) -> None:
        """The file of SQLite, for its owner alone. Raises `ConfigError`."""
        if self.file is None:
            return
        if not create and not self.file.exists():
            raise ConfigError(
                "settings", "AGENTD_STATE", f"{self.file} does not exist", "name the state directory of an agentd"
            )
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            problem = f"{self.file} cannot be written: {error.strerror}"
            raise ConfigError("settings", "AGENTD_STATE", problem, "name a directory that agentd may write") from error

    def transaction(self, fn: Callable[[Connection], T], *, writes: bool = True) -> T:
        """`fn` in one transaction, committed if it returns; of two that were in each other's way one is begun again, so
        `fn` may be called more than once. Raises `StoreError` for whatever else the database says."""
        for left in reversed(range(TRIES)):
            try:
                with self._engine.connect().execution_options(writes=writes) as connection, connection.begin():
                    return fn(connection)
            except SQLAlchemyError as error:
                if not left or not _collided(error):
                    raise StoreError(said(error)) from error
            time.sleep(AGAIN_S)  # in its thread; at once, it would be there again before the other one wakes up
        raise AssertionError("the last try returns or raises")

    def after_removal(self) -> None:
        """What was deleted leaves SQLite's log too, as far as readers let it."""
        if self.file is not None:
            self.transaction(lambda connection: None)
            with self._engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert isinstance(raw, sqlite3.Connection)
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._engine.dispose()


def _collided(error: SQLAlchemyError) -> bool:
    """PostgreSQL ended it for another transaction's sake, or a row that it had seen was removed meanwhile."""
    return isinstance(error, NoResultFound) or getattr(getattr(error, "orig", None), "sqlstate", "") in _COLLISIONS


def said(error: SQLAlchemyError) -> str:
    """What the database said, on one line, without its client's advice (which begins with a tab) and without the
    statement, which holds what people said."""
    text = str(getattr(error, "orig", None) or type(error).__name__)
    return " ".join(" ".join(line for line in text.splitlines() if not line.startswith("\t")).split())[:200]


def _url(written: str, place: str) -> URL:
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        cure = "write postgresql://USER:PASSWORD@HOST/NAME, or leave it empty for SQLite"
        raise ConfigError(place, "DATABASE_URL", "is no URL of a PostgreSQL", cure)
    return url.set(drivername="postgresql+psycopg")


def _postgres(url: URL, place: str) -> Engine:
    limit_ms = round(BUSY_S * 1000)
    try:
        return create_engine(
            url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": round(BUSY_S),
                "application_name": "agentd",
                "options": f"-c statement_timeout={limit_ms} -c lock_timeout={limit_ms} -c TimeZone=UTC",
                "tcp_user_timeout": limit_ms,
            },
        )
    except ImportError as error:
        cure = "pip install 'agentd[postgres]'"
        raise ConfigError(place, "DATABASE_URL", "the PostgreSQL driver is not installed", cure) from error


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=CONNECTIONS,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": BUSY_S},
    )

    def connected(raw: sqlite3.Connection, record: Any) -> None:
        raw.isolation_level = None  # we begin transactions ourselves: the driver would begin them too late
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            raw.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine
