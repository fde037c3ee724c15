"""Is this frame of the caller voice? The energy detector, which knows nothing but levels (SPEC 2.3).

| the line                              | the noise floor                                                        |
|---------------------------------------|------------------------------------------------------------------------|
| first `CALIBRATION_MS`                | taken as 60; at the end the 20th percentile of the frames less than    |
|                                       | 12 dB above the quietest so far, within 0..300                         |
| quiet                                 | follows the level: down quickly, up slowly, not within 100 ms of voice |
| the caller speaks, or we do           | stands still                                                           |
| "voice" for 2 s without a dip by 9 dB | rises to the level of the deepest dip: a voice has dips, a fan has none|

A frame is voice when its level reaches max(`VAD_FLOOR_RMS`, noise x `VAD_NOISE_FACTOR` + `VAD_NOISE_OFFSET`). For
`VAD_HYSTERESIS_MS` after a voiced frame 3 dB less will do, so that the weak end of a word belongs to it; the first
silent frame after that is reported as silence at once, and nobody's end of voice is late by the hysteresis.
"""

from __future__ import annotations

from collections import deque

from agentd.config import Settings

FRAME_MS = 20
DEFAULT_NOISE = 60.0
MOST_CALIBRATED = 300.0  # a caller who talks from the first frame must not pass for a waterfall
LOUDER = 4.0  # 12 dB over the running minimum is not noise
DIGITAL_SILENCE = 8.0  # one mu-law step: below it, ratios of levels mean nothing
RELEASE = 0.7  # -3 dB
SETTLE_FRAMES = 5  # reverberation and breath after a word are no noise
DOWN, UP = 0.3, 0.05  # per frame: the floor follows within 60 ms downwards and 400 ms upwards
STATIONARY_FRAMES = 100  # 2 s: longer than any vowel, and speech has a stop or a breath in it
SMOOTH_FRAMES = 3
STATIONARY_DIP = 2.8  # 9 dB
NEURAL_ON, NEURAL_OFF = 0.5, 0.35  # the usual pair for Silero


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
        self._quietest = float("inf")
        self._smooth: deque[float] = deque(maxlen=SMOOTH_FRAMES)
        self._past: deque[float] = deque(maxlen=STATIONARY_FRAMES)  # smoothed levels since the last silence
        self._since_voice = self._hold + SETTLE_FRAMES  # frames
        self.noise = DEFAULT_NOISE
        self.calibrated = False
        self.threshold = self._at(DEFAULT_NOISE)

    def hear(
        self, level: float, *, echo: float = 0.0, agent_speaking: bool = False, probability: float | None = None
    ) -> bool:
        """One frame. `level`: `audio.level.frame_level` of it. `echo`: the highest level of what we played 100-400 ms
        ago, 0 for nothing. `probability`: that of a neural detector, which then judges in place of the threshold;
        the echo term and the floor hold for it too."""
        recent = self._since_voice < self._hold
        self.threshold = self._at(self.noise)
        gate = max(self.threshold, self._echo_factor * echo)
        if probability is None:
            voiced = level >= gate * (RELEASE if recent else 1.0)
        else:
            heard = probability >= (NEURAL_OFF if recent else NEURAL_ON)
            voiced = heard and level >= max(self._floor * RELEASE, self._echo_factor * echo)
        self._since_voice = 0 if voiced else self._since_voice + 1
        if not self.calibrated:
            self._calibrate(level)
        elif not agent_speaking:
            self._track(level, voiced)
        return voiced

    def _at(self, noise: float) -> float:
        if self._fixed is not None:
            return self._fixed
        return max(self._floor, noise * self._factor + self._offset)

    def _calibrate(self, level: float) -> None:
        self._first.append(level)
        if len(self._first) < self._calibration:
            return
        quietest, noise = float("inf"), []
        for heard in self._first:
            quietest = min(quietest, heard)
            if heard <= LOUDER * max(quietest, DIGITAL_SILENCE):
                noise.append(heard)
        noise.sort()
        self.noise = min(noise[len(noise) // 5], MOST_CALIBRATED)
        self.calibrated = True
        self._first.clear()

    def _track(self, level: float, voiced: bool) -> None:
        self._smooth.append(level)
        smooth = sum(self._smooth) / len(self._smooth)
        if not voiced:
            self._past.clear()
            if level < self.noise:
                self.noise += DOWN * (level - self.noise)
            elif self._since_voice > SETTLE_FRAMES:
                self.noise += UP * (level - self.noise)
            return
        self._past.append(smooth)
        if len(self._past) == STATIONARY_FRAMES:
            deepest = min(self._past)
            if max(self._past) < STATIONARY_DIP * deepest:
                self.noise = max(self.noise, deepest)
            self._past.popleft()
