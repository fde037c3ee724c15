"""Alembic's way in: the connection, and its open transaction, are those of `store/migrate.py`."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
