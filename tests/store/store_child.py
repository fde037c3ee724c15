"""Run by tests in a process of its own: `store_child.py VERB STATE_DIR DATABASE_URL [ARGUMENT]`.

`write`: batches for ever, each number printed once it is committed. `hold`: the write lock for a second, "held" printed
when it has it. `effects FROM`: rounds of one effect each for ever, each printed once it is committed. `book KEY`: the
same twenty half hours, under keys of its own, once it is told to go; what became of each is printed.
"""

from __future__ import annotations

import sys
import time

import trio

from agentd.config import Settings
from agentd.events import Private
from agentd.office import Taken
from agentd.store.sql_store import SqlStore
from agentd.testing.contracts.ledger import judged
from agentd.testing.contracts.office import PHONE, draft, viewing
from agentd.testing.contracts.store import a_call


async def write(store: SqlStore) -> None:
    number = 0
    while True:
        await store.write([change for n in range(20) for change in a_call(f"CA{number}-{n}", at_ms=number)])
        print(number, flush=True)
        number += 1


async def effects(store: SqlStore, first: int) -> None:
    number = first
    while True:
        for name, effect in (("crm", crm), ("calendar", calendar), ("files", files), ("ledger", verdict)):
            await effect(store, number)
            print(number, name, flush=True)
        number += 1


async def crm(store: SqlStore, number: int) -> None:
    await store.crm.upsert_lead(draft(slots={f"slot{number}": "x"}), f"lead {number}")
    await store.crm.update(PHONE.text, {"notes": f"note {number}"}, f"customer {number}")


async def calendar(store: SqlStore, number: int) -> None:
    await store.calendar.book(viewing(30 * number), f"meeting {number}")


async def files(store: SqlStore, number: int) -> None:
    await store.files.log_create("CA1", PHONE, Private(f"note {number}"), f"log {number}")


async def verdict(store: SqlStore, number: int) -> None:
    await store.tool_judged(judged(f"tc-{number}"))


async def book(store: SqlStore, key: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(20):
        try:
            print(number, (await store.calendar.book(viewing(30 * number), f"{key}/{number}")).id, flush=True)
        except Taken:
            print(number, "taken", flush=True)


def hold(store: SqlStore) -> None:
    def wait(connection: object) -> None:
        print("held", flush=True)
        time.sleep(1.0)

    store.database.transaction(wait)


async def main(verb: str, state_dir: str, url: str, argument: str = "") -> None:
    store = SqlStore(Settings.of(state_dir=state_dir, database_url=url))
    await store.open()
    try:
        match verb:
            case "write":
                await write(store)
            case "effects":
                await effects(store, int(argument))
            case "book":
                await book(store, argument)
            case _:
                hold(store)
    finally:
        await store.aclose()


trio.run(main, *sys.argv[1:])
