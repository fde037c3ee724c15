"""When has the caller finished? Pure; its clock is the media frame of 20 ms (SPEC 2.4, 2.5, 2.9).

| state     | frame or words                                          | cue                      | new state |
|-----------|---------------------------------------------------------|--------------------------|-----------|
| quiet     | 3 voiced frames of 4 (just after our speech: 120 ms,    | ONSET; T0 = the first    | speaking  |
|           | and louder)                                             |                          |           |
| speaking  | silent frame                                            |                          | pausing   |
|           | `MAX_UTT_SEC` since T0                                  | EOU "timeout", once      | same      |
| pausing   | 2 voiced frames of 3 (a click is one)                   | RESUME if SPECULATE was  | speaking  |
|           | hangover passed, words stand still and cover T1, and    | SPECULATE, once a text   | pausing   |
|           | are not plainly half a sentence                         |                          |           |
|           | the same, and the words are complete (or `fast`, and    | EOU "debounce"           | quiet     |
|           | they are no digits), and 200 ms, 300 after mere words   |                          |           |
|           | silence long enough                                     | EOU "silence"            | quiet     |
|           | the same, but too little voice and no words             | none: it never happened  | quiet     |
| quiet     | words of what "never happened"                          | EOU "silence"            | quiet     |
| any       | `reopen()`: the caller went on before we were heard     |                          | speaking  |
|           | `drop()`                                                |                          | quiet     |

**How long is long enough.** `EOU_SILENCE_MS`, moved by what this caller's own pauses were like (at most 150 ms, never
under 300), 150 ms more after a short utterance that is no whole answer. Words can only move it:

- words that will go on (`core.sentence`: a function word, half a phone number) add 350 ms;
- after a sharp fall (15 dB within 60 ms) `EOU_SHARP_FALL_MS` can be enough, but only for a caller whose own pauses are
  known to be shorter, and once words that cover the whole utterance are not open and no digits. SPEC 2.5 asks for none
  of this; but human pauses between two sentences fall just as sharply and last 200-400 ms (`tests/speech`).

**In noise** the weak ends of words drown, so that every pause looks longer than it is: when the caller's voice is not
far above the detector's threshold, the wait (and the hangover) is up to 120 ms longer; the end was seen that much too
early. And where such noise itself passes for voice, the words decide: nothing new in the last 900 ms of audio, all of
it far softer than the caller (a drawn-out "um" is not), and the utterance was over with them ("debounce"). Nothing as
soft as those sounds is voice for the next seconds.

At `timeout` the words up to the last dip stand (`core.hearing`). The utterance goes on and its end is found by the same
rules: a pause of 200 ms, which SPEC 2.5 allows then, is an ordinary gap between two dictated digits.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from agentd.config import Settings
from agentd.core.sentence import Ending, ending

FRAME_MS = 20
ONSET_VOICED, ONSET_WINDOW = 3, 4
RESUME_VOICED, RESUME_WINDOW = 2, 3
CLEAR_ONSET = 120 // FRAME_MS  # voice that an onset needs just after our own speech
CLEARER = 1.5  # times the threshold, then
SHORT_EXTRA_MS = 150
OPEN_EXTRA_MS = 350
ADAPT_MS = 150
LEAST_MS = 300
LEAST_DEBOUNCE_MS = 200
WHOLE_DEBOUNCE_MS = 300  # outside `fast`: "yes" is often the beginning of "yes, that is right"
SHARP_FALL = 5.62  # 15 dB
SHARP_FRAMES = 60 // FRAME_MS
PAUSES = 16  # of the caller's own, remembered
PAUSES_KNOWN = 12  # before anybody is hurried
PAUSE_MARGIN_MS = 100
DIP_MS = 60  # a gap between words, at which an overlong utterance may be split (a guess; closures of "t" last 40)
OWN_PAUSE_MS = 100  # shorter gaps are inside words
NOISE_EXTRA_MS = 120
CLEAR, MURKY = 3.2, 2.4  # mean voice over threshold: no extra above the first, all of it below the second
FOLLOW = 0.02  # of the mean, per frame: a second
FADE = 0.998  # of the loudest, per frame: half in 7 s
FAR_SOFTER = 0.2  # a mean against a peak; speech itself is about 0.4
WORDLESS_MS = 900
ASSUMED_LAG_MS = 400  # of a recogniser that does not say how much audio its words rest on


class Cue(Enum):
    """What the caller has just done."""

    ONSET = "onset"
    RESUME = "resume"
    SPECULATE = "speculate"
    EOU = "eou"


class Endpointer:
    """One call's ears for endings. `hear` once a frame, `words` whenever the recogniser speaks.

    Frames are counted from 0; `frame` is how many were heard. T0 = `onset_frame`, T1 = `last_voiced_frame`, of the
    present utterance or the last one. `dip_frame`: the first of its last silence, a gap inside a word not counted;
    `onset_frame` when it had none. `voiced_frames`: voice in it. `silence_ms`: since T1, at the last cue or frame.
    `reason`: of the last EOU. `in_utterance`: the caller is speaking, or pausing before the end is called.
    """

    def __init__(self, settings: Settings) -> None:
        self._fast = settings.profile == "fast"
        self._base_ms = settings.eou_silence_ms
        self._hangover_ms = settings.vad_hangover_ms
        self._debounce = settings.stt_partial_debounce_ms // FRAME_MS
        self._sharp_ms = settings.eou_sharp_fall_ms
        self._short = settings.short_utt_sec * 1000 / FRAME_MS
        self._least = settings.min_utt_sec * 1000 / FRAME_MS
        self._most = settings.max_utt_sec * 1000 / FRAME_MS
        self._refractory = settings.reply_refractory_ms // FRAME_MS
        self.frame = 0
        self.onset_frame = self.last_voiced_frame = self.dip_frame = -1
        self.voiced_frames = 0
        self.reason = ""
        self.in_utterance = False
        self._recent: deque[bool] = deque(maxlen=max(ONSET_WINDOW, 2 * CLEAR_ONSET))
        self._levels: deque[float] = deque([0.0] * (SHARP_FRAMES + 1), maxlen=SHARP_FRAMES + 1)
        self._pauses: deque[int] = deque(maxlen=PAUSES)
        self._refractory_until = 0
        self._last_whole = (-1, -1, 0)  # T0, T1, voice of the utterance before, for `reopen`
        self._unreported = False  # the last utterance was too little to report, until words come of it
        self._overlong_told = False
        self._text, self._text_frame, self._until_ms, self._complete = "", 0, 0, False
        self._told: str | None = None  # the words of the last SPECULATE in this pause
        self._sharp = False
        self._new_words_ms = 0  # how much audio the words rested on when they last changed
        self._mean_voice, self._peak_voice, self._threshold = 1000.0, 0.0, 0.0  # levels
        self._noise_peak = 0.0  # of sounds that brought no words: nothing as soft as that is voice
        self._lately: deque[float] = deque(maxlen=WORDLESS_MS // FRAME_MS)

    @property
    def silence_ms(self) -> int:
        return max(0, self.frame - 1 - self.last_voiced_frame) * FRAME_MS

    def hear(self, voiced: bool, level: float, threshold: float = 0.0) -> Cue | None:
        """One frame. `threshold`: what the detector held `level` against; it matters in noise and after our speech."""
        now = self.frame
        self.frame += 1
        self._levels.append(level)
        self._lately.append(level)
        self._threshold = threshold
        self._noise_peak *= FADE
        voiced = voiced and level > self._noise_peak
        self._peak_voice = max(level, FADE * self._peak_voice)
        if voiced:
            self._mean_voice += FOLLOW * (level - self._mean_voice)
        if not self.in_utterance:
            return self._await_onset(now, voiced, level)
        self._recent.append(voiced)
        if voiced and (self.last_voiced_frame == now - 1 or self._goes_on()):
            return self._voice(now)
        if now - self.last_voiced_frame <= SHARP_FRAMES:
            self._sharp |= level * SHARP_FALL <= self._levels[0]
        return self._overlong(now) or self._pause()

    def words(self, text: str, until_ms: int | None, complete: bool) -> Cue | None:
        """All the words of the utterance so far and how much audio (media time) they rest on."""
        self._until_ms = self.frame * FRAME_MS - ASSUMED_LAG_MS if until_ms is None else until_ms
        if text != self._text:
            self._text, self._text_frame, self._new_words_ms = text, self.frame, self._until_ms
        self._complete = complete
        if self.in_utterance:
            if self.last_voiced_frame < self.frame - 1:
                return self._pause()
            softer = sum(self._lately) < FAR_SOFTER * self._peak_voice * len(self._lately)
            if text and softer and self._noise_extra_ms() and self._until_ms - self._new_words_ms >= WORDLESS_MS:
                self._noise_peak = max(self._lately)
                self.last_voiced_frame = max(self.onset_frame, self._new_words_ms // FRAME_MS - 1)
                return self._end("debounce")
            return None
        if self._unreported and text and self._until_ms > self.onset_frame * FRAME_MS:
            return self._end("silence")
        return None

    def reopen(self) -> None:
        """The caller went on before our first sound: what was ended, and what has begun since, are one utterance."""
        onset, last, voiced = self._last_whole
        if onset < 0:
            return
        if self.onset_frame > last:  # the new part has begun
            self._note_pause(self.onset_frame - last - 1)
            self.voiced_frames += voiced
        self.onset_frame = onset
        self.in_utterance = True
        self._last_whole = (-1, -1, 0)

    def agent_spoke(self) -> None:
        """Our speech has just ended: for `REPLY_REFRACTORY_MS` an onset must be longer and louder."""
        self._refractory_until = self.frame + self._refractory

    def drop(self) -> None:
        """Forget the utterance; nobody is told that it ended."""
        self._close()
        self._unreported = False
        self._last_whole = (-1, -1, 0)

    # --- voice

    def _await_onset(self, now: int, voiced: bool, level: float) -> Cue | None:
        clear = now < self._refractory_until
        self._recent.append(voiced and (not clear or level >= CLEARER * self._threshold))
        if not voiced:
            return None
        need, window = (CLEAR_ONSET, CLEAR_ONSET + 2) if clear else (ONSET_VOICED, ONSET_WINDOW)
        recent = list(self._recent)[-window:]
        if sum(recent) < need:
            return None
        self.onset_frame = now - len(recent) + 1 + recent.index(True)
        self.dip_frame = self.onset_frame
        self.last_voiced_frame = now
        self.voiced_frames = sum(recent)
        self.in_utterance = True
        self._overlong_told = self._unreported = False
        self._text, self._text_frame, self._until_ms, self._complete = "", self.frame, 0, False
        self._new_words_ms = 0
        self._told, self._sharp = None, False
        return Cue.ONSET

    def _goes_on(self) -> bool:
        return sum(list(self._recent)[-RESUME_WINDOW:]) >= RESUME_VOICED

    def _voice(self, now: int) -> Cue | None:
        paused = now - self.last_voiced_frame - 1
        if paused:
            self._note_pause(paused)
        if paused * FRAME_MS > DIP_MS:  # one frame of it was voice already
            self.dip_frame = self.last_voiced_frame + 1
        told = self._told is not None
        self.last_voiced_frame = now
        self.voiced_frames += 1
        self._told, self._sharp = None, False
        return Cue.RESUME if told else self._overlong(now)

    def _note_pause(self, frames: int) -> None:
        if frames * FRAME_MS >= OWN_PAUSE_MS:
            self._pauses.append(frames * FRAME_MS)

    def _overlong(self, now: int) -> Cue | None:
        if self._overlong_told or now - self.onset_frame < self._most:
            return None
        self._overlong_told = True
        self.reason = "timeout"
        return Cue.EOU

    # --- silence

    def _pause(self) -> Cue | None:
        silence_ms = self.silence_ms
        stable = bool(self._text) and self.frame - self._text_frame >= self._debounce
        covered = self._until_ms >= (self.last_voiced_frame + 1) * FRAME_MS
        judged = ending(self._text) if self._text else Ending.UNKNOWN
        done = self._complete or judged is Ending.COMPLETE
        if stable and covered and silence_ms >= self._hangover_ms + self._noise_extra_ms():
            hurry = done or (self._fast and judged is Ending.UNKNOWN)
            least_ms = LEAST_DEBOUNCE_MS if self._fast or self._complete else WHOLE_DEBOUNCE_MS
            if hurry and judged is not Ending.OPEN and silence_ms >= least_ms + self._noise_extra_ms():
                return self._end("debounce")
            if self._told != self._text and (done or judged is not Ending.OPEN):
                self._told = self._text
                return Cue.SPECULATE
        # The last voiced frame is silent for half of its length, on average.
        if silence_ms + FRAME_MS / 2 >= self._needed_ms(judged, done=done, known=stable and covered):
            if self.voiced_frames < self._least and not self._text:
                self._close()
                self._unreported = True
                return None
            return self._end("silence")
        return None

    def _needed_ms(self, judged: Ending, *, done: bool, known: bool) -> float:
        own = self._own_ms() + self._noise_extra_ms()
        if judged is Ending.OPEN and not self._complete:
            return own + OPEN_EXTRA_MS
        if known and self._sharp and judged is not Ending.DIGITS and len(self._pauses) >= PAUSES_KNOWN:
            return min(own, max(self._sharp_ms, max(self._pauses) + PAUSE_MARGIN_MS))
        return own + (SHORT_EXTRA_MS if self.voiced_frames < self._short and not done else 0)

    def _own_ms(self) -> int:
        """The wait for this caller: a little more than the longest of their pauses."""
        wait = self._base_ms
        if self._pauses:
            longest = max(self._pauses) + PAUSE_MARGIN_MS
            if longest > wait or len(self._pauses) >= PAUSES_KNOWN:
                wait = min(max(longest, wait - ADAPT_MS), wait + ADAPT_MS)
        return max(LEAST_MS, wait)

    def _noise_extra_ms(self) -> float:
        ratio = self._mean_voice / max(self._threshold, 1.0)
        return NOISE_EXTRA_MS * min(max((CLEAR - ratio) / (CLEAR - MURKY), 0.0), 1.0)

    def _end(self, reason: str) -> Cue:
        self.reason = reason
        self._last_whole = (self.onset_frame, self.last_voiced_frame, self.voiced_frames)
        self._close()
        self._unreported = False
        return Cue.EOU

    def _close(self) -> None:
        self.in_utterance = False
        self._recent.clear()
