"""The messenger of an office without a WhatsApp account."""

from __future__ import annotations

from agentd.events import Private
from agentd.office import NotAllowed, Note


class NoWhatsApp:
    """Refuses to send, with the cure."""

    async def send(self, to: Private, text: str, key: str, *, template: str = "") -> Note:
        raise NotAllowed("no WhatsApp account is set up: set WHATSAPP_PROVIDER=twilio and TWILIO_WHATSAPP_FROM")

    async def thread(self, phone: Private, limit: int = 20) -> list[Note]:
        return []
