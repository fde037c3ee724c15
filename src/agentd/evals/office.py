"""An office for dialogues: the house's own tools, gate and store, on a database of its own for each dialogue.

So a booking of one takes no time away from another, and what a dialogue did can be looked up. WhatsApp messages are
kept and sent to nobody.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import trio

from agentd.agents.approvals import ApprovalDesk
from agentd.agents.toolboxes import Toolboxes
from agentd.config import Settings
from agentd.core.playbook import Playbook
from agentd.core.policy import Agent
from agentd.events import Event, Private
from agentd.office import Note, Office
from agentd.store.database import FILE
from agentd.store.sql_store import SqlStore
from agentd.tools import ToolDesk

CALLER = "+972501110000"  # who calls in every dialogue
OPENS = time(9)  # the hour of the day at which every dialogue takes place


@dataclass(slots=True)
class Outbox:
    """A messenger that keeps what it is given."""

    notes: list[Note] = field(default_factory=list)

    async def send(self, to: Private, text: str, key: str, *, template: str = "") -> Note:
        await trio.lowlevel.checkpoint()
        note = next((note for note in self.notes if note.id == key), Note(key, to, True, Private(text), 0, "queued"))
        self.notes = [*(each for each in self.notes if each.id != key), note]
        return note

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        await trio.lowlevel.checkpoint()
        return [note for note in reversed(self.notes) if note.phone.text == phone.text][:limit]


class Offices:
    """Makes one office after another; `today` is the day on which the dialogues take place."""

    def __init__(self, folder: Path, settings: Settings, today: date) -> None:
        self._folder, self._settings, self._today, self._made = folder, settings, today, 0

    @asynccontextmanager
    async def desk(self, playbook: Playbook, call_sid: str, emit: Callable[[Event], None]) -> AsyncIterator[ToolDesk]:
        """The tools of one dialogue. Cancel: what has an effect is finished first."""
        self._made += 1
        place = self._folder / str(self._made)
        place.mkdir()
        shutil.copy(self._folder / FILE, place / FILE)
        now = datetime.combine(self._today, OPENS, ZoneInfo(playbook.timezone))
        store = SqlStore(_in(self._settings, place), lambda: round(now.timestamp() * 1000))
        await store.open()
        try:
            office = Office(store.crm, store.calendar, Outbox(), store.files)
            approvals = ApprovalDesk(store, 1.0, lambda: round(now.timestamp() * 1000))
            boxes = Toolboxes(self._settings, (), office, store, approvals, clock=now.timestamp)
            desk = boxes.for_agent(Agent.VOICE, call_sid, CALLER, playbook, emit)
            try:
                yield desk
            finally:
                await desk.aclose()
        finally:
            await store.aclose()


@asynccontextmanager
async def offices(settings: Settings, today: date) -> AsyncIterator[Offices]:
    """All of a run; their files go with it."""
    with TemporaryDirectory(prefix="agentd-eval-") as folder:
        first = SqlStore(_in(settings, Path(folder)))  # migrated once, and copied
        await first.open()
        await first.aclose()
        yield Offices(Path(folder), settings, today)


def _in(settings: Settings, folder: Path) -> Settings:
    """The same, with SQLite in `folder`."""
    return settings.model_copy(update={"state_dir": folder, "database_url": type(settings.database_url)("")})
