"""What the process of jobs is made of: the store, the gate with its tools, the playbook; and its worker, until it is
told to stop.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import trio

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.messenger import messenger_of
from agentd.agents.no_whatsapp import NoWhatsApp
from agentd.agents.playbook_watch import PlaybookWatch
from agentd.agents.toolboxes import Toolboxes
from agentd.agents.workflows import AfterCall
from agentd.config import Settings
from agentd.core.playbook import Playbook
from agentd.errors import ConfigError
from agentd.facts import Incoming
from agentd.jobs.worker import SETTLED_S, Worker
from agentd.office import Office
from agentd.plugins import Plugins
from agentd.storage import CallRow
from agentd.store.sql_store import SqlStore, wall_ms
from agentd.telemetry.sink import log_event
from agentd.web.twilio_rest import TwilioRest, rest_of

log = logging.getLogger("agentd.jobs")


async def run_jobs(settings: Settings, parent: trio.abc.ReceiveStream | None = None, *, once: bool = False) -> None:
    """What `agentd jobs run` does: until SIGTERM or SIGINT, or until `parent` is at its end; `once`: until all that can
    be done now is done. Raises `ConfigError` and `JobsError`."""
    async with aclosing(SqlStore(settings)) as store, _account(settings) as twilio:
        await store.open()
        settled_s = 0.0 if once else SETTLED_S
        worker = Worker(settings, store, work_of(settings, store, twilio), settled_s=settled_s, once=once)
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


def work_of(settings: Settings, store: SqlStore, twilio: TwilioRest | None) -> AfterCall:
    """The work after calls, as the settings and plugins have it. Raises `ConfigError`."""
    plugins = Plugins.load(settings)
    whatsapp = messenger_of(settings, store.messages, twilio, log_event)
    office = plugins.office(Office(store.crm, store.calendar, whatsapp or NoWhatsApp(), store.files))
    approvals = ApprovalDesk(store, settings.approval_timeout_sec, wall_ms)
    toolboxes = Toolboxes(settings, plugins.tools(), office, store, approvals)
    playbooks = PlaybookWatch(settings.playbook or "", settings.language_code, _changed, _refused)

    def playbook_of(call: CallRow) -> Playbook:
        """As the daemon chose it when the call came in, as far as files and plugins still say the same."""
        return plugins.playbook_for(Incoming(call.call_sid, call.caller, call.called)) or playbooks.current()

    return AfterCall(
        store,
        toolboxes,
        playbook_of,
        can_message=not isinstance(office.messenger, NoWhatsApp),
        back_office=plugins.back_office(),
        emit=lambda call_sid, event: log_event(event, call_sid=call_sid),
    )


@asynccontextmanager
async def _account(settings: Settings) -> AsyncIterator[TwilioRest | None]:
    """Twilio's REST API, if the settings name an account."""
    twilio = rest_of(settings)
    try:
        yield twilio
    finally:
        if twilio is not None:
            await twilio.aclose()


def _changed(playbook: Playbook) -> None:
    log.info("from now on jobs go by the playbook %s as it is now", playbook.name)


def _refused(error: ConfigError) -> None:
    log.error("the playbook cannot be used, and the one before it stays in force: %s", error)
