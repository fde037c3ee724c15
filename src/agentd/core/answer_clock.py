"""The answer clock (SPEC 4.4): a caller who has finished is never left in silence that nobody explains."""

from __future__ import annotations

from agentd.config import Settings

FIRST_S = 2.0  # from T1 without a frame on the wire, or of silence inside a reply
NEXT_S = 2.8  # of silence after a filler: with a step of the clock and of the line, the 3 s that SPEC 4.4 allows


class AnswerClock:
    """Runs from the end of the caller's utterance to the end of our reply, whose own holes count too."""

    def __init__(self, settings: Settings) -> None:
        hint_s = settings.thinking_hint_ms / 1000
        self._first_s = min(FIRST_S, hint_s) if hint_s else FIRST_S
        self._from_s: float | None = None
        self._begun = False
        self.fillers = 0

    def start(self, voice_ended_s: float) -> None:
        self._from_s, self._begun, self.fillers = voice_ended_s, False, 0

    def replied(self) -> None:
        """The first frame of the reply is out: from now on only a line that has run dry counts."""
        self._begun, self.fillers = True, 0

    def stop(self) -> None:
        self._from_s = None

    def due(self, now_s: float, line_dry_s: float) -> bool:
        """True each time that a filler is due; `line_dry_s` is when the last of our audio has been played."""
        if self._from_s is None:
            return False
        silent_from = line_dry_s if self.fillers or self._begun else self._from_s
        patience = NEXT_S if self.fillers else FIRST_S if self._begun else self._first_s
        if now_s - silent_from < patience:
            return False
        self.fillers += 1
        return True
