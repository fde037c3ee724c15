"""Audio of the caller that may be needed again, half as large: mu-law, which is how it came over the line."""

from __future__ import annotations

from dataclasses import dataclass

from agentd.audio.mulaw import decode, encode
from agentd.engines import Heard

MS_BYTES = 8  # of mu-law in a millisecond


@dataclass(frozen=True, slots=True)
class Kept:
    """One `Heard`, kept; `heard` gives it back, as exactly as mu-law can."""

    mulaw: bytes
    until_ms: int
    voiced: bool
    pause: bool

    @classmethod
    def of(cls, heard: Heard) -> Kept:
        return cls(encode(heard.pcm), heard.until_ms, heard.voiced, heard.pause)

    @property
    def heard(self) -> Heard:
        return Heard(decode(self.mulaw), self.until_ms, self.voiced, self.pause)

    @property
    def length_ms(self) -> int:
        return len(self.mulaw) // MS_BYTES

    @property
    def from_ms(self) -> int:
        return self.until_ms - self.length_ms
