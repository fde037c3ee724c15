"""After the end of an utterance: when its words may be taken (SPEC 2.6).

| the words rest on audio up to | taken                                        |
|-------------------------------|----------------------------------------------|
| T1 (the last voiced frame)    | at once                                      |
| T1 - 200 ms                   | `STT_TIMEOUT_MS` after the end of utterance  |
| less                          | 1.2 s after T1                               |
| there are none                | given up 1.2 s after T1: empty               |
"""

from __future__ import annotations

from enum import Enum

from agentd.config import Settings

COVER_SLACK_MS = 200  # the decay of the last word is voiced, but holds no word any more
EMPTY_AFTER_MS = 1200


class Settled(Enum):
    WORDS = "words"
    EMPTY = "empty"


class Settling:
    """Times are media time, in ms."""

    def __init__(self, settings: Settings) -> None:
        self._timeout_ms = settings.stt_timeout_ms
        self._span: tuple[int, int] | None = None

    def start(self, voice_ended_ms: int, now_ms: int) -> None:
        self._span = voice_ended_ms, now_ms

    def stop(self) -> None:
        self._span = None

    @property
    def under_way(self) -> bool:
        return self._span is not None

    @property
    def voice_ended_ms(self) -> int:
        """T1 of the utterance that is being settled; 0 when there is none."""
        return self._span[0] if self._span is not None else 0

    def verdict(self, text: str, covers_ms: int, now_ms: int) -> Settled | None:
        """None: wait."""
        if self._span is None:
            return None
        t1_ms, decided_ms = self._span
        if text:
            if covers_ms >= t1_ms:
                return Settled.WORDS
            if now_ms - decided_ms >= self._timeout_ms and covers_ms >= t1_ms - COVER_SLACK_MS:
                return Settled.WORDS
        if now_ms - t1_ms >= EMPTY_AFTER_MS:
            return Settled.WORDS if text else Settled.EMPTY
        return None
