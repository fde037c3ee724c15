"""Run by tests in a process of its own: `store_child.py VERB STATE_DIR DATABASE_URL`.

`write`: batches for ever, each number printed once it is committed. `hold`: the write lock for a second, "held" printed
when it has it.
"""

from __future__ import annotations

import sys
import time

import trio

from agentd.config import Settings
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts.store import a_call


async def write(store: SqlStore) -> None:
    number = 0
    while True:
        await store.write([change for n in range(20) for change in a_call(f"CA{number}-{n}", at_ms=number)])
        print(number, flush=True)
        number += 1


def hold(store: SqlStore) -> None:
    def wait(connection: object) -> None:
        print("held", flush=True)
        time.sleep(1.0)

    store.database.transaction(wait)


async def main(verb: str, state_dir: str, url: str) -> None:
    store = SqlStore(Settings.of(state_dir=state_dir, database_url=url))
    await store.open()
    try:
        if verb == "write":
            await write(store)
        else:
            hold(store)
    finally:
        await store.aclose()


trio.run(main, *sys.argv[1:])
