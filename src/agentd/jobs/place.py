"""Where the state of jobs is kept: `jobs.db` in the state directory, or the PostgreSQL of DATABASE_URL, in a schema of
its own. No row of it holds personal data: a job knows its call by the CallSid, and asks the store for the rest.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.pool import NullPool

from agentd.config import Settings
from agentd.errors import ConfigError
from agentd.store.database import Database

SCHEMA: Final = "agentd_jobs"
FILE: Final = "jobs.db"


@dataclass(frozen=True, slots=True)
class Place:
    """`file` is None on PostgreSQL. `url` holds the password."""

    url: str = field(repr=False)
    file: Path | None

    @classmethod
    def of(cls, settings: Settings) -> Place:
        """Raises `ConfigError` for a `DATABASE_URL` that cannot be one."""
        if not settings.database_url.get_secret_value():
            file = settings.state_dir / FILE
            return cls(f"sqlite:///{file}", file)
        database = Database(settings)
        try:
            return cls(database.engine.url.render_as_string(hide_password=False), None)
        finally:
            database.close()

    @property
    def name(self) -> str:
        """For a person to read: no password is in it."""
        return str(self.file) if self.file is not None else make_url(self.url).render_as_string(hide_password=True)

    def prepare(self) -> None:
        """The file, for its owner alone. Raises `ConfigError`."""
        if self.file is None:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            problem = f"{self.file} cannot be written: {error.strerror}"
            raise ConfigError("settings", "AGENTD_STATE", problem, "name a directory that agentd may write") from error

    def used(self) -> bool:
        """Whether jobs were ever run here. Raises `SQLAlchemyError` when the server does not answer."""
        if self.file is not None:
            return self.file.exists() and self.file.stat().st_size > 0
        engine = create_engine(self.url, poolclass=NullPool, hide_parameters=True)
        return inspect(engine).has_table("workflow_status", schema=SCHEMA)
