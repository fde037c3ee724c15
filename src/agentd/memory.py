"""What a start leaves behind is settled once, before the first call."""

from __future__ import annotations

import ctypes
import gc


def settle() -> None:
    """What is here now stays, and the collector need not look at it again. What the start took and freed, several MB
    where modules are compiled at each start, goes back to the system."""
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
