"""Whether an error of a database may pass without anybody correcting a setting, and whether it is only a lock.

A server out of reach, starting or crowded, a lock and a full disk pass. A wrong host, user, password or name does not,
nor a file that is no database. PostgreSQL's client gives no code for what goes wrong before a session is there, and the
server says it in its own language; but it tells a server that does not answer from one that refuses (PQping).
"""

from __future__ import annotations

import socket
import sqlite3
from typing import Final

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

_SQLITE_PASSES: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)
_SQLITE_LOCKED: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PASSES: Final = ("08", "40", "53", "57", "58")
"""Classes of SQLSTATE: connection, transaction rolled back, resources (a full disk too), operator, system."""
_LOCKED: Final = ("55P03", "57014")  # the lock, or the statement that waits for it, was given up
_CROWDED: Final = ("too many", "connection slots", "not currently accepting")
"""What an English server refuses a session with that it will give later. In another language it counts as a setting."""
_NO_SUCH_HOST: Final = (socket.EAI_NONAME, socket.EAI_NODATA)


def is_lock(error: BaseException | None) -> bool:
    """Another process has what we wait for."""
    raw = _raw(error)
    if isinstance(raw, sqlite3.Error):
        return _sqlite_code(raw) in _SQLITE_LOCKED
    return getattr(raw, "sqlstate", None) in _LOCKED


def may_pass(error: BaseException | None, engine: Engine) -> bool:
    """Trying again later may work. Blocks, for as long as a connection may take: call it in a thread."""
    raw = _raw(error)
    if isinstance(raw, sqlite3.Error):
        return _sqlite_code(raw) in _SQLITE_PASSES
    if is_lock(error) or getattr(error, "connection_invalidated", False):
        return True
    state = getattr(raw, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in _PASSES
    if not isinstance(error, OperationalError):
        return False
    from psycopg.errors import ConnectionTimeout

    if isinstance(raw, ConnectionTimeout) or any(word in str(raw) for word in _CROWDED):
        return True
    return not _is_there(engine.url)


def _is_there(url: URL) -> bool:
    """A server answers, and gives sessions to those whom it knows; or its name is one that nobody has."""
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import PGconn, Ping

    if url.host:
        try:
            socket.getaddrinfo(url.host, None)
        except socket.gaierror as error:
            return error.errno in _NO_SUCH_HOST
    asked = make_conninfo(url.set(drivername="postgresql").render_as_string(hide_password=False), connect_timeout=3)
    return PGconn.ping(asked.encode()) not in (Ping.NO_RESPONSE, Ping.REJECT)


def _raw(error: BaseException | None) -> BaseException | None:
    """What the driver raised."""
    return error.orig if isinstance(error, DBAPIError) else None


def _sqlite_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended half
