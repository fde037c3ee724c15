"""Who is alive: each process that runs jobs holds a lock that dies with it.

No heart beats and no clock decides. A process that is killed loses its lock in that instant; one whose machine or line
is gone loses it when the server's keepalive notices, after `GONE_S`. Whoever can take the lock of another knows that it
is dead, and that its jobs may be taken over. A process that has lost its own lock must stop: others may run its jobs.

| state is in | the lock                                                              | others                       |
|-------------|-----------------------------------------------------------------------|------------------------------|
| SQLite      | `jobs.lock` in the state directory: one process                       | whoever else was there: dead |
| PostgreSQL  | an advisory lock of the session, by the number that names the process | dead if their lock is free   |

All of it blocks, for `ANSWER_S` at most: call it in a thread.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from agentd.jobs.errors import JobsError
from agentd.jobs.place import Place
from agentd.store.database import said

LOCK_FILE: Final = "jobs.lock"
ANSWER_S: Final = 3
GONE_S: Final = 8  # 4 s idle, then two probes 2 s apart: a take-over within ten


def new_node() -> str:
    """The name of this process among those that run jobs: 15 hexadecimal digits, which are also the number of its lock.
    A new one each time, so that what a dead process has begun is never taken for this one's."""
    return f"{secrets.randbits(60):015x}"


class Claim(Protocol):
    """`node` is held from the moment that the claim is made, until `close` or the end of the process."""

    node: str

    def still_ours(self) -> None:
        """Raises `JobsError` when the lock is lost."""

    def dead(self, node: str) -> bool:
        """Whether that process has ended. Raises `JobsError`."""

    def close(self) -> None: ...


def claim(place: Place) -> Claim:
    """Raises `JobsError` when another process has the state directory, or the server does not answer."""
    return FileClaim(place.file.with_name(LOCK_FILE)) if place.file is not None else ServerClaim(place.url)


class FileClaim:
    """The one process of a state directory."""

    def __init__(self, path: Path) -> None:
        self.node = new_node()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._fd, 20).decode(errors="replace").strip()
            os.close(self._fd)
            raise JobsError(f"process {holder or '?'} runs the jobs of {path.parent} already") from error
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def still_ours(self) -> None:
        """The kernel keeps it."""

    def dead(self, node: str) -> bool:
        return node != self.node

    def close(self) -> None:
        os.close(self._fd)


class ServerClaim:
    """One of several processes on one PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.node = new_node()
        limit_ms = ANSWER_S * 1000
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "connect_timeout": ANSWER_S,
                "application_name": "agentd jobs",
                "options": f"-c statement_timeout={limit_ms} -c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 "
                "-c tcp_keepalives_count=2",
                "tcp_user_timeout": limit_ms,
            },
        )
        with _answers():
            self._session: Connection = self._engine.connect()
            assert self._try(self.node)  # its number is random: nobody else has it

    def still_ours(self) -> None:
        with _answers():
            self._session.execute(text("SELECT 1"))

    def dead(self, node: str) -> bool:
        if node == self.node:
            return False
        with _answers():
            if not self._try(node):
                return False
            self._session.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": int(node, 16)})
            return True

    def close(self) -> None:
        with suppress(SQLAlchemyError):
            self._session.close()
        self._engine.dispose()

    def _try(self, node: str) -> bool:
        number = {"number": int(node, 16)}
        return bool(self._session.execute(text("SELECT pg_try_advisory_lock(:number)"), number).scalar())


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise JobsError(f"the lock of this process cannot be held: {said(error)}") from error
