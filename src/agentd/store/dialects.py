"""What SQLite and PostgreSQL both do, each in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Insert, Table, text


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_update`: both dialects do, each in its own class."""
    dialect = import_module(f"sqlalchemy.dialects.{connection.dialect.name}")  # the engine has imported this one only
    return dialect.insert(table)


def is_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """INSERT unless a row with its key is there; whether it was not. Waits for a transaction that is inserting it."""
    claim = insert(connection, table).on_conflict_do_nothing().values(**row).returning(*table.primary_key)
    return connection.execute(claim).first() is not None


def upsert(connection: Connection, table: Table) -> Insert:
    """INSERT, or replace the row of the same key."""
    statement = insert(connection, table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    found: Insert = statement.on_conflict_do_update(index_elements=keys, set_=rest)
    return found


def alone(connection: Connection, table: Table) -> None:
    """Until this transaction ends, no other one writes the table; readers do not wait. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))
