"""The schema, brought up to date at start. Migrations only add: a process of an older release can go on beside a newer
one, and on a database that a newer one has left behind.

Whoever comes first takes the lock of the database and migrates; the others wait for it, and find it done.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

HEAD: Final = "0003"
"""The newest migration. Alembic is imported only when the database has another."""

WHERE: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x61676E74  # one number for all processes: PostgreSQL's advisory locks have no names


def migrate(connection: Connection, to: str = "head") -> None:
    """Bring the schema to `to`, in the writing transaction that is open. Nothing happens to a newer one."""
    if to == "head" and revision(connection) == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(WHERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if (revision(connection) or HEAD) in known:
        command.upgrade(config, to)


def revision(connection: Connection) -> str | None:
    """The migration that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found is not None else None
