"""What callers say, understood: one core for every brain.

`Tracker` follows a call's messages and knows at any time what is known of the playbook's slots, what is to be asked
next and what the caller wants. A language model's own account of them (`slots.note`) is merged into it.
"""

from __future__ import annotations

from agentd.core.slots.known import Known
from agentd.core.slots.noting import NOTE, note_offer
from agentd.core.slots.tracker import Tracker
from agentd.core.slots.warming import warm

__all__ = ["NOTE", "Known", "Tracker", "note_offer", "warm"]
