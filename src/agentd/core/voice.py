"""Is this frame of the caller voice? The energy detector, which knows nothing but levels (SPEC 2.3).

| the line                     | the noise floor                                                                      |
|------------------------------|--------------------------------------------------------------------------------------|
| first `CALIBRATION_MS`       | taken as 60; at the end the 20th percentile of the frames less than 12 dB above the  |
|                              | quietest so far, within 0..300                                                       |
| quiet                        | the mean of the last 3 s of quiet frames; a burst of up to 80 ms counts among them   |
| the caller speaks            | stands still; only a line that was nowhere quieter for 3 s (its 15th percentile: in  |
|                              | speech that is a pause) lifts it, for then the quiet frames are no more              |
| we speak                     | stands still: the line may carry our echo                                            |

A frame is voice when its level reaches max(`VAD_FLOOR_RMS`, noise x `VAD_NOISE_FACTOR` + `VAD_NOISE_OFFSET`). Noise
that keeps an even level (a fan, a hiss) cannot fool a lower threshold, and weak consonants pass it: so noise x factor
is not taken higher than the 95th percentile of the quiet frames x 1.3. For `VAD_HYSTERESIS_MS` after a voiced frame
2 dB less will do, so that the weak end of a word belongs to it; the first silent frame after that is reported as
silence at once, and nobody's end of voice is late by the hysteresis.

Why a mean over seconds: a floor that follows the level within 100 ms follows babble and music into each of their lulls,
and their next beat is "voice". Measured on `tests/speech` at 15 dB: 28 % of babble's frames passed for voice, now 4 %.
"""

from __future__ import annotations

from agentd.config import Settings
from agentd.core.levels import Levels

FRAME_MS = 20
DEFAULT_NOISE = 60.0
MOST_CALIBRATED = 300.0  # a caller who talks from the first frame must not pass for a waterfall
LOUDER = 4.0  # 12 dB over the running minimum is not noise
DIGITAL_SILENCE = 8.0  # one mu-law step: below it, ratios of levels mean nothing
RELEASE = 0.8  # -2 dB
WINDOW = 150  # frames of memory, 3 s: longer than anybody speaks without a pause between two words
FEWEST = 50  # of all frames, before their percentile means something
SETTLE_FRAMES = 2  # reverberation and breath after a word are no noise
BURST_FRAMES = 4
LOW, HIGH = 0.15, 0.95
EVEN = 1.3
EVERY_FRAMES = 5  # the floor is worked out again: sorting is the dear part
NEURAL_ON, NEURAL_OFF = 0.5, 0.35  # the usual pair for Silero
NEURAL_SHARE = 0.6  # of the threshold a frame needs then too: the network notices the end of a voice two frames late


class VoiceDetector:
    """One call's detector. Call `hear` once for each 20 ms frame.

    `noise`: the floor, RMS in int16 units. `threshold`: what the last frame was held against, before the echo term.
    `calibrated`: whether the floor is measured yet.
    """

    def __init__(self, settings: Settings) -> None:
        self._fixed = settings.vad_rms
        self._floor = settings.vad_floor_rms
        self._factor, self._offset = settings.vad_noise_factor, settings.vad_noise_offset
        self._echo_factor = settings.echo_factor
        self._hold = settings.vad_hysteresis_ms // FRAME_MS
        self._calibration = settings.calibration_ms // FRAME_MS
        self._first: list[float] = []
        self._quiet, self._all = Levels(WINDOW), Levels(WINDOW)
        self._burst: list[float] = []  # of voice that may prove to be noise
        self._since_voice = self._hold + SETTLE_FRAMES  # frames
        self._ticks = 0
        self.noise = DEFAULT_NOISE
        self.calibrated = False
        self.threshold = self._at(DEFAULT_NOISE, DEFAULT_NOISE * self._factor)

    def hear(
        self, level: float, *, echo: float = 0.0, agent_speaking: bool = False, probability: float | None = None
    ) -> bool:
        """One frame. `level`: `audio.level.frame_level` of it. `echo`: the highest level of what we played 100-400 ms
        ago, 0 for nothing. `probability`: that of a neural detector, which then judges in place of the threshold;
        the echo term and the floor hold for it too."""
        recent = self._since_voice < self._hold
        our_echo = self._echo_factor * echo
        if probability is None:
            voiced = speech = level >= max(self.threshold * (RELEASE if recent else 1.0), our_echo)
        else:
            speech = probability >= (NEURAL_OFF if recent else NEURAL_ON)
            voiced = speech and level >= max(self._floor * RELEASE, NEURAL_SHARE * self.threshold, our_echo)
        self._since_voice = 0 if speech else self._since_voice + 1
        if not self.calibrated:
            self._calibrate(level)
        elif not agent_speaking:
            self._track(level, speech)
        return voiced

    def _at(self, noise: float, loudest: float) -> float:
        if self._fixed is not None:
            return self._fixed
        return max(self._floor, min(noise * self._factor, loudest) + self._offset)

    def _calibrate(self, level: float) -> None:
        self._first.append(level)
        if len(self._first) < self._calibration:
            return
        quietest, noise = float("inf"), []
        for heard in self._first:
            quietest = min(quietest, heard)
            if heard <= LOUDER * max(quietest, DIGITAL_SILENCE):
                noise.append(min(heard, MOST_CALIBRATED))
        noise.sort()
        self.noise = noise[len(noise) // 5]
        self.threshold = self._at(self.noise, self.noise * self._factor)
        self._quiet.extend(noise)
        self._first.clear()
        self.calibrated = True

    def _track(self, level: float, speech: bool) -> None:
        self._all.append(level)
        if speech:
            self._burst.append(level)
        else:
            if 0 < len(self._burst) <= BURST_FRAMES:
                self._quiet.extend(self._burst)
            self._burst.clear()
            if self._since_voice > SETTLE_FRAMES and level <= LOUDER * max(self.noise, DIGITAL_SILENCE):
                self._quiet.append(level)
        self._ticks += 1
        if self._ticks % EVERY_FRAMES == 0:
            quiet = self._quiet.ordered()
            nowhere_quieter = self._all.ordered()[int(LOW * len(self._all))] if len(self._all) >= FEWEST else 0.0
            self.noise = max(sum(quiet) / len(quiet), nowhere_quieter)
            self.threshold = self._at(self.noise, max(quiet[int(HIGH * len(quiet))], nowhere_quieter) * EVEN)
