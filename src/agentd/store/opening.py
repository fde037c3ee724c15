"""Opening the store at start. A database that cannot be had now costs no call anything: it is waited for.

| the first try finds                                 | the daemon                                                  |
|-----------------------------------------------------|-------------------------------------------------------------|
| the database, which is migrated if it must be       | goes on                                                     |
| one that is out of reach, locked for long, or full  | goes on without: it is tried again until it is there        |
| a wrong setting: URL, password, no database at all  | ends with that error                                        |

Until then every verb of the store raises `StoreError`, and what calls leave waits in memory (`writer.py`).
"""

from __future__ import annotations

import logging
from typing import Final, Protocol

import trio

from agentd.errors import ConfigError
from agentd.storage import StoreError

log = logging.getLogger("agentd.store")

RETRY_S: Final = (1.0, 2.0, 5.0, 10.0)  # between tries; the last one goes on


class Opens(Protocol):
    async def open(self) -> None: ...


class Keeper(Protocol):
    """Who says how the store is: `writer.StoreSubscriber`."""

    def failed(self, reason: str) -> None: ...
    def recovered(self) -> None: ...


async def open_store(
    store: Opens, keeper: Keeper, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Until the store is open. `started()` after the first try, whatever it found, unless that was a `ConfigError`."""
    tries, refused = 0, False
    while True:
        try:
            await store.open()
        except StoreError as error:
            keeper.failed(str(error))
        except ConfigError as error:
            if not tries:
                raise
            if not refused:
                log.error("the database is there now, but not for us: %s", error)
            refused = True
        else:
            keeper.recovered()
            if not tries:
                task_status.started()
            return
        if not tries:
            task_status.started()
        await trio.sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
        tries += 1
