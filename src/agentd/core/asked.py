"""Which slot our last words asked for, as far as the playbook's own question is in them."""

from __future__ import annotations

from agentd.core.hearing import normal
from agentd.core.playbook import Playbook, Slot

PHONE_KEYS = 10  # digits of a phone number as people key it, in Israel and in North America


def asked_slot(playbook: Playbook, our_words: str) -> Slot | None:
    """The last slot of the playbook whose question ends what we said, or None."""
    said = normal(our_words)
    for slot in reversed(playbook.slots):
        question = normal(slot.question)
        if question and said[-len(question) :] == question:
            return slot
    return None


def keys_expected(slot: Slot | None) -> int:
    """How many telephone keys answer it; 0: unknown."""
    return PHONE_KEYS if slot is not None and slot.type == "phone" else 0
