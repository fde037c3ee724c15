"""Which door a connection wants, told from its first bytes without consuming them. Pure."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

# A request line that is longer than this is not Twilio's dial: it goes to the HTTP server.
PEEK_BYTES: Final = 512
_PREFIX: Final = b"GET /ws/twilio-media"
_LINE: Final = re.compile(rb"GET /ws/twilio-media(?:-alt)?/?(?:\?[^ ]*)? HTTP/1\.1\r?\n")


class Wants(Enum):
    MEDIA = "media"
    HTTP = "http"
    MORE = "more"  # cannot be told yet


def wants(seen: bytes) -> Wants:
    """Judge the first bytes of a connection, at most `PEEK_BYTES` of them."""
    start = seen[: len(_PREFIX)]
    if start != _PREFIX[: len(start)]:
        return Wants.HTTP
    if b"\n" in seen:
        return Wants.MEDIA if _LINE.match(seen) else Wants.HTTP
    return Wants.HTTP if len(seen) >= PEEK_BYTES else Wants.MORE
