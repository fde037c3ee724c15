"""The daily sweep: what is past its time leaves the store, now and every day."""

from __future__ import annotations

import logging
import time
from typing import Final

import trio

from agentd.config import Settings
from agentd.storage import Keep, Store, StoreError

log = logging.getLogger("agentd.store")

EVERY_S: Final = 24 * 3600.0
AGAIN_S: Final = 3600.0  # after a sweep that could not be done


def keep(settings: Settings) -> Keep:
    """What the settings say is kept."""
    return Keep(
        transcripts=settings.retention_transcripts_days,
        calls=settings.retention_calls_days,
        recordings=settings.retention_recordings_days,
        customers=settings.retention_customers_days,
        leads=settings.retention_leads_days,
        messages=settings.retention_messages_days,
    )


async def sweep_daily(store: Store, settings: Settings) -> None:
    """Until cancelled. A store that is full, locked or gone is tried again in an hour."""
    while True:
        try:
            counts = await store.sweep(keep(settings), round(time.time() * 1000))
        except StoreError as error:
            log.warning("the sweep could not be done: %s", error)
            await trio.sleep(AGAIN_S)
            continue
        if counts:
            log.info("past their time, and removed: %s", ", ".join(f"{n} {table}" for table, n in counts.items()))
        await trio.sleep(EVERY_S)
