"""When to greet (SPEC 3.5): not into the caller's "hello?", and not never either.

| in the first `GREETING_DELAY_MS`      | then                                                              |
|---------------------------------------|-------------------------------------------------------------------|
| under 180 ms of voice                 | greet at its end, or when a voice that has just begun has stopped |
| more voice, and words come of it      | the caller has the floor: no greeting                             |
| more voice, and no words by 1.5 s after it | greet anyway                                                 |
"""

from __future__ import annotations

from agentd.config import Settings
from agentd.core.media_stream import FRAME_MS

VOICE_FRAMES = 180 // FRAME_MS
NO_WORDS_FRAMES = 1500 // FRAME_MS
PAUSE_FRAMES = 100 // FRAME_MS  # shorter gaps are inside a word


class Greeting:
    """Counts media frames. Answers True from when the greeting is due."""

    def __init__(self, settings: Settings) -> None:
        self._delay = settings.greeting_delay_ms // FRAME_MS
        self._frames = self._voiced = 0
        self._quiet = PAUSE_FRAMES

    def hear(self, voiced: bool) -> bool:
        """One frame. True: it is time, as soon as nobody speaks, unless words came first."""
        self._frames += 1
        self._quiet = 0 if voiced else self._quiet + 1
        self._voiced += voiced
        if self._frames < self._delay:
            return False
        wait = NO_WORDS_FRAMES if self._voiced >= VOICE_FRAMES else PAUSE_FRAMES
        return self._quiet >= wait
