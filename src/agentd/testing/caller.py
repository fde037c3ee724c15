"""A caller in a play: verbs that take time, as a person's do.

Frames flow because a verb is running: whichever one is active sends a frame for every 20 ms of the clock, noise when
the caller is not speaking. Between two verbs no time passes unless the play itself sleeps; what it sleeps through is a
hole in the stream (timestamps jump), which is also what `goes_silent` makes on purpose. A verb ends early, without an
error, when the stream is gone: what matters then is asked of the `FakeTwilio`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Protocol

import trio

from agentd.audio import mulaw
from agentd.audio.wav import read_wav
from agentd.simulator.line import FRAME_S
from agentd.simulator.line_sounds import frames, key_tone, line_noise
from agentd.testing import sounds
from agentd.testing.fake_twilio import FakeTwilio

_WORD_S = 0.35  # about 170 words a minute, a brisk telephone voice
_DUST_S = 1e-6


class Expecting(Protocol):
    """A scripted recogniser: told beforehand what the next utterance says."""

    def expect(self, text: str) -> None: ...


class Caller:
    """`step_ms` (a multiple of 20): how many frames go out at once. 20 is what Twilio does; 100 makes long plays
    cheaper where no decision hangs on it. `noise_rms` (int16 units): the noise on the line, 0 for a quiet one."""

    def __init__(
        self,
        twilio: FakeTwilio,
        stt: Expecting | None = None,
        *,
        step_ms: int = 20,
        noise_rms: float = 0.0,
        seed: int = 0,
    ) -> None:
        if step_ms < 20 or step_ms % 20:
            raise ValueError(f"step_ms must be a multiple of 20, not {step_ms}")
        self._twilio, self._stt, self._seed = twilio, stt, seed
        self._step = step_ms // 20
        self._noise = cycle(frames(line_noise(seed, noise_rms)))
        self._line_s = twilio.now()  # until when frames have been sent

    async def says(self, what: str | Path | bytes, *, for_s: float | None = None) -> None:
        """Speak: a text (a voice without words that lasts 0.35 s a word or `for_s`; a scripted recogniser is told the
        text first), a WAV file, or 8 kHz PCM. Returns at the last voiced frame: no silence follows."""
        if isinstance(what, str):
            if self._stt is not None:
                self._stt.expect(what)
            seconds = for_s if for_s is not None else _WORD_S * max(1, len(what.split()))
            sound = sounds.voice(seconds, seed=self._seed)
        else:
            sound = mulaw.encode(read_wav(what) if isinstance(what, Path) else what)
        await self._send(frames(sound))

    async def silence(self, for_s: float) -> None:
        """Say nothing; the line's noise goes on."""
        await self._send(islice(self._noise, round(for_s / FRAME_S)))

    async def hears(self, within_s: float) -> float:
        """Wait, in silence, until the agent is audible: seconds from now to the first audible sample (about 0.0 if it
        already is). AssertionError, with what was sent instead, when that takes longer than `within_s`."""
        begin_s = self._twilio.now()
        heard_s: float | None = None

        def audible(from_s: float, now_s: float) -> bool:
            nonlocal heard_s
            heard_s = self._twilio.agent.first_sound(from_s, now_s)
            return heard_s is not None

        await self._noise_until(audible, within_s)
        if heard_s is None:
            raise AssertionError(f"the agent was not heard within {within_s} s; {self._seen(begin_s)}")
        return heard_s - begin_s

    async def hears_end(self, within_s: float, *, quiet_s: float = 0.5) -> float:
        """Wait, in silence, until the agent has been audible and then not for `quiet_s`: seconds from now to its last
        audible sample. AssertionError when that takes longer than `within_s`."""
        begin_s = self._twilio.now()
        last_s: float | None = None

        def ended(from_s: float, now_s: float) -> bool:
            nonlocal last_s
            last_s = self._twilio.agent.last_sound(from_s, now_s) or last_s
            return last_s is not None and now_s - last_s >= quiet_s

        if not await self._noise_until(ended, within_s) or last_s is None:
            raise AssertionError(f"the agent was not heard to end within {within_s} s; {self._seen(begin_s)}")
        return last_s - begin_s

    async def interrupts(
        self,
        after_s: float,
        what: str | Path | bytes = "wait a moment",
        *,
        for_s: float | None = None,
        within_s: float = 10,
    ) -> None:
        """Wait (`within_s` at most) until the agent is audible, let it speak for `after_s`, then talk over it."""
        await self.hears(within_s)
        await self.silence(after_s)
        await self.says(what, for_s=for_s)

    async def mumbles(self, *, for_s: float = 0.3) -> None:
        """A soft hum without words: a voice that no recogniser makes a text of."""
        await self._send(frames(sounds.voice(for_s, seed=self._seed + 1, rms=700, pitch_hz=100)))

    async def coughs(self) -> None:
        """A quarter of a second of noise."""
        await self._send(frames(sounds.cough(seed=self._seed)))

    async def presses(self, digits: str) -> None:
        """Keys, 100 ms each and 100 ms apart; the tone is audible before Twilio reports the digit."""
        for digit in digits:
            await self._send(frames(key_tone(digit)))
            self._twilio.press(digit)
            await self.silence(0.1)

    async def goes_silent(self, for_s: float) -> None:
        """The line is dead: no frames at all, as when the network loses them. (A caller who merely says nothing is
        `silence`.)"""
        await trio.sleep(for_s)

    async def hangs_up(self) -> None:
        """`stop`, and the socket is closed."""
        self._twilio.hang_up()
        await trio.lowlevel.checkpoint()

    # --- frames

    async def _send(self, sound: Iterable[bytes]) -> None:
        """Send frames at their times, `step` at once; on return the last one has just been sent."""
        batch: list[bytes] = []
        self._rejoin()
        for frame in sound:
            if self._twilio.gone:
                return
            batch.append(frame)
            if len(batch) == self._step:
                await self._deliver(batch)
                batch = []
        if batch:
            await self._deliver(batch)

    async def _noise_until(self, done: Callable[[float, float], bool], within_s: float) -> bool:
        """Send noise until `done(from, to)` of the step just past is true; False when it never was."""
        self._rejoin()
        begin_s = from_s = self._twilio.now()
        while from_s - begin_s < within_s - _DUST_S and not self._twilio.gone:
            await self._deliver(list(islice(self._noise, self._step)))
            now_s = self._twilio.now()
            if done(from_s, now_s):
                return True
            from_s = now_s
        return False

    async def _deliver(self, batch: list[bytes]) -> None:
        self._line_s += len(batch) * FRAME_S
        await trio.sleep_until(trio.current_time() - self._twilio.now() + self._line_s)
        self._twilio.frames(batch)

    def _rejoin(self) -> None:
        """The frames of a time in which no verb ran were never sent."""
        lost = int((self._twilio.now() - self._line_s + _DUST_S) / FRAME_S)
        if lost > 0:
            self._twilio.line.skip(lost)
            self._line_s += lost * FRAME_S

    def _seen(self, since_s: float) -> str:
        """What agentd did instead, for a failure message."""
        sent = Counter(s.kind for s in self._twilio.sent if s.at_s >= since_s)
        what = ", ".join(f"{count} {kind}" for kind, count in sent.items()) or "nothing"
        state = "stream gone" if self._twilio.gone else "stream open"
        return (
            f"since {since_s:.2f} s agentd sent: {what}; {state}, close code {self._twilio.close_code}, "
            f"warnings {self._twilio.codes}, agent audible at {_times(self._twilio.agent.sounds())}"
        )


def _times(stretches: list[tuple[float, float]]) -> str:
    return ", ".join(f"{begin:.2f}-{end:.2f}" for begin, end in stretches) or "no time"
