"""Each effect once: a key is claimed, the effect made and its result kept in one transaction. Blocking.

The claim is an INSERT that does nothing when the key is there. Of two transactions that claim one key at the same time,
the second waits for the first (SQLite: for its whole transaction; PostgreSQL: at the INSERT), and then finds its
result. A transaction that fails, or is killed, takes its claim with it.

Results are copies of rows, so they go with the person (`people.py`), and on a short clock of their own
(`retention.py`): nothing is tried again after weeks.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, select, update

from agentd.store.dialects import is_new
from agentd.store.tables import effects

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key:
    """`key` is the caller's; the same key under another verb is another effect. `phone`, `call_sid`: whose it is."""

    key: str
    verb: str
    at_ms: int
    phone: str = ""
    call_sid: str = ""


def once(connection: Connection, key: Key, kind: type[T], effect: Callable[[], T]) -> T:
    """What `effect` returns (a `kind`), or what it returned when the key was used first."""
    if not key.key:
        raise ValueError(f"{key.verb} has no idempotency key")
    of_key = (effects.c.key == key.key, effects.c.verb == key.verb)
    if not is_new(connection, effects, asdict(key) | {"result": ""}):
        known: Any = connection.execute(select(effects.c.result).where(*of_key)).scalar_one()
        return msgspec.json.decode(known, type=kind)
    result = effect()
    kept = msgspec.json.encode(result).decode()
    connection.execute(update(effects).where(*of_key).values(result=kept))
    return result


def new_id(kind: str) -> str:
    """ "lead-k3vq5m2xw7a4gd6j": 80 random bits, in letters that hold no long row of digits."""
    return f"{kind}-{base64.b32encode(secrets.token_bytes(10)).decode().lower()}"
