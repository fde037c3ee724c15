"""A caller has spoken and no words came: was there nothing to understand, or is the recogniser stuck? (SPEC 4.2)

The call asks them to say it again; beside that, the next engine of the chain hears what was kept of the utterance. If
it finds words, they go to the call (which uses them only if the caller has not begun again), and the engine that found
none is the one that is wrong. If it finds none either, it was a hum or a cough: nothing is reconnected, nobody blamed.
"""

from __future__ import annotations

from collections import deque

import trio

from agentd.engines import STT, AudioFormat, Heard, Transcript
from agentd.errors import EngineError
from agentd.resilience.attempt import garbled
from agentd.resilience.budgets import STT_DOUBT_MS, STT_KEPT_MS, STT_LEAD_IN_MS, STT_MOST_TEXT, STT_UNHEARD_MS
from agentd.resilience.kept import Kept


class Unheard:
    """The caller's voice since the last words, kept. Pure; its clock is the audio."""

    def __init__(self) -> None:
        self._lead_in: deque[Kept] = deque()
        self._kept: deque[Kept] = deque()
        self._voiced_ms = 0
        self._ended_ms = 0
        self._told = False

    def hear(self, heard: Kept) -> list[Kept] | None:
        """One piece. The whole utterance, once, when there was voice enough, then silence, and no words."""
        if heard.voiced:
            if not self._kept:
                self._kept.extend(self._lead_in)
            self._voiced_ms += heard.length_ms
            self._ended_ms, self._told = heard.until_ms, False
        if self._kept or heard.voiced:
            _keep(self._kept, heard, STT_KEPT_MS)
        _keep(self._lead_in, heard, STT_LEAD_IN_MS)
        if not self._kept or self._told or heard.until_ms - self._ended_ms < STT_DOUBT_MS:
            return None
        if self._voiced_ms < STT_UNHEARD_MS:
            self.forget()
            return None
        self._told = True
        return list(self._kept)

    def words(self, until_ms: int) -> bool:
        """Words came that rest on audio up to `until_ms`. True: they are of what is kept, which is thereby heard."""
        if not self._kept or until_ms <= self._kept[0].until_ms + STT_LEAD_IN_MS:
            return False
        self.forget()
        return True

    def forget(self) -> None:
        self._kept.clear()
        self._voiced_ms, self._told = 0, False


async def transcribe(engine: STT, kept: list[Kept], fmt: AudioFormat, language: str) -> Transcript | None:
    """What `engine` makes of the whole utterance, as one final; None: no words. Raises `EngineError`."""
    until_ms = max(h.until_ms for h in kept if h.voiced)
    into, audio = trio.open_memory_channel[Heard](len(kept) + 1)
    for piece in kept:
        into.send_nowait(piece.heard)
    into.send_nowait(Heard(b"", kept[-1].until_ms, pause=True))
    into.close()
    finals: list[str] = []
    partial = ""
    with audio:
        async with engine.listen(audio, fmt, language) as transcripts:
            async for t in transcripts:
                if not isinstance(t, Transcript) or len(t.text) > STT_MOST_TEXT or garbled(t.text):
                    raise EngineError("gave garbage")
                if t.final:
                    finals.append(t.text.strip())
                partial = "" if t.final else t.text.strip()
    text = " ".join(part for part in (*finals, partial) if part)
    return Transcript(text, True, until_ms, kept[0].from_ms) if text else None


def _keep(pieces: deque[Kept], heard: Kept, most_ms: int) -> None:
    pieces.append(heard)
    while heard.until_ms - pieces[0].until_ms >= most_ms:
        pieces.popleft()
