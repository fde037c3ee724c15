"""WhatsApp's rules, as far as we keep them ourselves (TWILIO 7). Pure."""

from __future__ import annotations

from typing import Final

WINDOW_MS: Final = (24 * 60 - 5) * 60 * 1000
"""After a person's last message free text may be sent for 24 hours; the last five minutes are left to the clocks."""

_WORDS: Final = {
    "accepted": "queued",
    "scheduled": "queued",
    "queued": "queued",
    "sending": "queued",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}


def status_of(word: str) -> str:
    """Twilio's word for what became of a message, in ours (`office.Note.status`); "" for one that we do not know."""
    return _WORDS.get(word, "")
