"""What the process of jobs is made of: the store, the gate with its tools, the playbook; and its worker, until it is
told to stop.
"""

from __future__ import annotations

import logging
import signal
from contextlib import aclosing

import trio

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.no_whatsapp import NoWhatsApp
from agentd.agents.playbook_watch import PlaybookWatch
from agentd.agents.toolboxes import Toolboxes
from agentd.agents.workflows import AfterCall
from agentd.config import Settings
from agentd.core.playbook import Playbook
from agentd.errors import ConfigError
from agentd.jobs.worker import Worker
from agentd.office import Office
from agentd.plugins import Plugins
from agentd.store.sql_store import SqlStore, wall_ms

log = logging.getLogger("agentd.jobs")


async def run_jobs(settings: Settings, parent: trio.abc.ReceiveStream | None = None) -> None:
    """What `agentd jobs run` does: until SIGTERM or SIGINT, or until `parent` is at its end. Raises `ConfigError` and
    `JobsError`."""
    async with aclosing(SqlStore(settings)) as store:
        await store.open()
        worker = Worker(settings, store, work_of(settings, store))
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async with trio.open_nursery() as nursery:

                async def watch_signals() -> None:
                    async for _ in signals:
                        worker.stop()

                async def watch_parent(stream: trio.abc.ReceiveStream) -> None:
                    while await stream.receive_some():
                        pass
                    worker.stop()

                nursery.start_soon(watch_signals)
                if parent is not None:
                    nursery.start_soon(watch_parent, parent)
                await worker.run()
                nursery.cancel_scope.cancel(reason="stopped")


def work_of(settings: Settings, store: SqlStore) -> AfterCall:
    """The work after calls, as the settings and plugins have it. Raises `ConfigError`."""
    plugins = Plugins.load(settings)
    office = plugins.office(Office(store.crm, store.calendar, NoWhatsApp(), store.files))
    approvals = ApprovalDesk(store, settings.approval_timeout_sec, wall_ms)
    toolboxes = Toolboxes(settings, plugins.tools(), office, store, approvals)
    playbooks = PlaybookWatch(settings.playbook or "", settings.language_code, _changed, _refused)
    return AfterCall(
        store,
        toolboxes,
        playbooks.current,
        can_message=not isinstance(office.messenger, NoWhatsApp),
        back_office=plugins.back_office(),
    )


def _changed(playbook: Playbook) -> None:
    log.info("from now on jobs go by the playbook %s as it is now", playbook.name)


def _refused(error: ConfigError) -> None:
    log.error("the playbook cannot be used, and the one before it stays in force: %s", error)
