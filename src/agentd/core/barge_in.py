"""The caller makes a sound while we speak: is it for us? Pure; counts media frames (SPEC 2.7).

| state    | frame or words                                  | verdict | new state |
|----------|-------------------------------------------------|---------|-----------|
| off      | `speaking()`: our speech begins or goes on      |         | speaking  |
| speaking | within `BARGE_IN_GRACE_MS`                      |         | speaking  |
|          | `BARGE_IN_VOICE_MS` of voice in a window that   | HOLD    | held      |
|          | is 60 ms longer (9 of 11 frames, say 9 of 12)   |         |           |
|          | words that are no backchannel, with some voice  | TAKE    | off       |
| held     | words that are no backchannel                   | TAKE    | off       |
|          | 700 ms of voice                                 | TAKE    | off       |
|          | 800 ms after the voice ended; 240 ms after it   | RELEASE | off       |
|          | when the words were a backchannel               |         |           |

The window forgives a dip: a stop consonant in the middle of "but" must not start the count again. A cough ends before
the 700 ms, brings no words and is released.
"""

from __future__ import annotations

import re
from collections import deque
from enum import Enum

from agentd.config import Settings

FRAME_MS = 20
WINDOW_EXTRA_MS = 60
TAKE_FRAMES = 700 // FRAME_MS
RELEASE_FRAMES = 800 // FRAME_MS
BACKCHANNEL_RELEASE_FRAMES = 240 // FRAME_MS
SOME_VOICE = 100 // FRAME_MS  # words without this much voice now are of something said before

# fmt: off
_BACKCHANNELS = frozenset((
    "mm", "mhm", "mmhm", "mmm", "hm", "hmm", "uhhuh", "uh", "um", "huh", "ah", "aha", "oh", "yeah", "yep", "yes", "ok",
    "okay", "right", "sure", "i see", "got it", "alright", "all right", "good", "great", "cool", "nice", "mm hm",
    "uh huh", "oh okay", "oh ok",
    "כן", "אהה", "אה", "אהא", "אוקיי", "אוקי", "המ", "המם", "ממ", "מממ", "הממ", "בסדר", "נכון", "טוב", "יופי",
    "אה אוקיי",
    "הבנתי", "ברור", "סבבה", "אה כן", "מעולה", "אחלה",
))
# fmt: on
_MANY = 4  # "yes yes yes yes" is somebody who wants the floor


class Verdict(Enum):
    """What to do with our speech."""

    HOLD = "hold"
    TAKE = "take"
    RELEASE = "release"


class BargeIn:
    """One call's judge. `hear` once a frame, always; it answers only between `speaking()` and its TAKE or RELEASE.

    `onset_frame`: the first voiced frame of the sound it last answered to, frames counted from 0.
    """

    def __init__(self, settings: Settings) -> None:
        self._on = settings.barge_in
        self._grace = settings.barge_in_grace_ms // FRAME_MS
        self._need = settings.barge_in_voice_ms // FRAME_MS
        self._window: deque[bool] = deque(maxlen=(settings.barge_in_voice_ms + WINDOW_EXTRA_MS) // FRAME_MS)
        self._frame = 0
        self._since = 0
        self._state = "off"
        self._voiced = self._silent = 0
        self._soft = False
        self.onset_frame = 0

    def speaking(self) -> None:
        """The first frame of our speech has gone out, or it goes on after a release."""
        self._state, self._since = "speaking", self._frame
        self._window.clear()
        self._soft = False

    def stop(self) -> None:
        """Our speech is over: nothing to interrupt."""
        self._state = "off"

    def hear(self, voiced: bool, level: float) -> Verdict | None:
        """One frame of the caller, as the detector judged it (with the echo term: our own voice is not theirs)."""
        now = self._frame
        self._frame += 1
        if self._state == "speaking" and now - self._since >= self._grace:
            return self._listen(now, voiced)
        if self._state == "held":
            return self._weigh(voiced)
        return None

    def words(self, text: str) -> Verdict | None:
        """The words that were recognised since our speech began."""
        if self._state == "off" or not self._on or not text.strip():
            return None
        self._soft = is_backchannel(text)
        if self._soft or (self._state == "speaking" and sum(self._window) < SOME_VOICE):
            return None
        if self._state == "speaking":
            self.onset_frame = self._first_voiced()
        self._state = "off"
        return Verdict.TAKE

    def _listen(self, now: int, voiced: bool) -> Verdict | None:
        self._window.append(voiced)
        if not self._on or not voiced or sum(self._window) < self._need:
            return None
        self._state = "held"
        self.onset_frame = self._first_voiced()
        self._voiced, self._silent = sum(self._window), 0
        return Verdict.HOLD

    def _weigh(self, voiced: bool) -> Verdict | None:
        self._window.append(voiced)
        self._voiced += voiced
        self._silent = 0 if sum(list(self._window)[-3:]) >= 2 else self._silent + 1  # a click is no voice
        if self._voiced >= TAKE_FRAMES:
            self._state = "off"
            return Verdict.TAKE
        if self._silent >= (BACKCHANNEL_RELEASE_FRAMES if self._soft else RELEASE_FRAMES):
            self._state = "off"
            return Verdict.RELEASE
        return None

    def _first_voiced(self) -> int:
        return self._frame - len(self._window) + (list(self._window).index(True) if True in self._window else 0)


def is_backchannel(text: str) -> bool:
    """Whether all these words say is "I am listening"."""
    words = re.findall(r"[^\W\d_]+", text.casefold().replace("-", "").replace("'", ""))
    if not words or len(words) > _MANY or re.search(r"\d|\?", text):
        return False
    return " ".join(words) in _BACKCHANNELS or (len(words) < _MANY and all(w in _BACKCHANNELS for w in words))
