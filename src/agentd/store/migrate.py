"""The schema, brought up to date at start. Migrations only add: a process of an older release can go on beside a newer
one, and on a database that a newer one has left behind.

| the database is of           | what happens                                                                    |
|------------------------------|---------------------------------------------------------------------------------|
| nobody: it is empty          | the tables are made as `tables.py` has them, which the migrations come to too   |
| an older release             | the migrations that it lacks are run, by Alembic (`upgrade.py` says where)      |
| this release, or a newer one | nothing                                                                         |

Whoever comes first takes the lock of the database and migrates; the others wait for it, and find it done.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select, text

from agentd.store.tables import metadata

HEAD: Final = "0003"
"""The newest migration."""
OLDER: Final = ("0001", "0002")
"""Those before it. Both are named here because Alembic, which could tell, takes 11 MB once it is imported."""

WHERE: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x61676E74  # one number for all processes: PostgreSQL's advisory locks have no names
_version = Table(  # as Alembic makes it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def is_current(connection: Connection) -> bool:
    """Whether the schema is there, in the writing transaction that is open; an empty database gets it now. False: it is
    an older release's, and `migrate` has work to do."""
    if revision(connection) is None:
        _lock(connection)
        if revision(connection) is None:  # nobody else was there before
            metadata.create_all(connection, checkfirst=False)  # a stranger's table of the same name is an error
            _version.create(connection, checkfirst=True)  # it may be there, and empty: after a downgrade to nothing
            connection.execute(_version.insert().values(version_num=HEAD))
    return revision(connection) not in OLDER


def migrate(connection: Connection, to: str = "head") -> None:
    """Bring the schema to `to` by Alembic, in the writing transaction that is open. Nothing happens to a newer one."""
    from alembic import command
    from alembic.config import Config

    _lock(connection)
    config = Config()
    config.set_main_option("script_location", str(WHERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if revision(connection) in (None, *OLDER):
        command.upgrade(config, to)


def revision(connection: Connection) -> str | None:
    """The migration that the database is at; None for an empty one."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()


def _lock(connection: Connection) -> None:
    """Until the transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
