"""A log of messages in memory, with the rules of the real one."""

from __future__ import annotations

from dataclasses import replace

import trio

from agentd.events import Private
from agentd.office import Note, OfficeError

ORDER = ("sending", "queued", "sent", "delivered", "read", "failed")


class MemoryLog:
    """`broken`: how many verbs fail from now on."""

    def __init__(self) -> None:
        self.notes: dict[str, Note] = {}
        self.keys: dict[str, str] = {}
        self.sids: dict[str, str] = {}
        self.broken = 0

    async def keep(self, note: Note, key: str = "") -> Note:
        await self._step()
        id = self.keys.setdefault(key, note.id) if key else note.id
        return self.notes.setdefault(id, note)

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        await self._step()
        found = [note for note in self.notes.values() if note.phone == phone]
        return sorted(found, key=lambda note: (note.at_ms, note.id), reverse=True)[:limit]

    async def set_status(self, id: str, status: str, *, provider_id: str = "") -> Note | None:
        await self._step()
        note = self.notes.get(self.sids.get(id, id))
        if note is None:
            return None
        if provider_id:
            self.sids[provider_id] = note.id
        if status in ORDER and ORDER.index(status) > ORDER.index(note.status):
            note = self.notes[note.id] = replace(note, status=status)
        return note

    async def _step(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.broken:
            self.broken -= 1
            raise OfficeError("broken")
