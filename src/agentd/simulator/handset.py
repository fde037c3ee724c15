"""The person at the phone: plays a script into frames, one for every 20 ms that a stream takes.

The script runs across the whole call; while no stream is up its words wait, as the line carries them nowhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import cycle

import trio

from agentd.audio import mulaw
from agentd.simulator.call_log import CallLog
from agentd.simulator.line_sounds import frames, key_tone, line_noise
from agentd.simulator.script import HangUp, Interrupt, Press, Say, Silence, Step, WaitForAgent

_LOOK_S = 0.02
_NOISES = 8  # different lines; each is made once


class Handset:
    """`next_frame` for the stream, `run` for the script, `hung_up` for whoever must end the call (or wants to)."""

    def __init__(self, log: CallLog, script: Sequence[Step], seed: int, hung_up: trio.Event | None = None) -> None:
        self._log, self._script = log, script
        self._noise = cycle(frames(line_noise(seed % _NOISES)))
        self._voice: deque[bytes] = deque()
        self._spoken = trio.Event()
        self._since_s = 0.0  # the caller's last words ended here: agent speech after it is the answer
        self.hung_up = trio.Event() if hung_up is None else hung_up
        self.pressed: deque[str] = deque()

    def next_frame(self) -> bytes:
        """20 ms of mu-law: the caller's voice if there is any, else the line's noise."""
        if self._voice:
            frame = self._voice.popleft()
            if not self._voice:
                self._spoken.set()
            return frame
        return next(self._noise)

    async def run(self) -> None:
        """Play the script to its end. Cancel: the caller falls silent."""
        for step in self._script:
            match step:
                case Say(pcm):
                    await self._say(pcm)
                case Silence(for_s):
                    await trio.sleep(for_s)
                case WaitForAgent():
                    await self._wait(step)
                case Interrupt(pcm, after_s, within_s):
                    if await self._audible(within_s, since_s=self._log.now()) is not None:
                        await trio.sleep(after_s)
                    await self._say(pcm)
                case Press(digits):
                    await self._press(digits)
                case HangUp():
                    self._log.emit("caller", "hangs up")
                    self.hung_up.set()
                    return

    async def _say(self, pcm: bytes) -> None:
        await self._play(mulaw.encode(pcm))
        self._since_s = self._log.now()

    async def _play(self, sound: bytes) -> None:
        if not sound:
            return
        self._spoken = trio.Event()
        self._voice.extend(frames(sound))
        await self._spoken.wait()

    async def _press(self, digits: str) -> None:
        for digit in digits:
            await self._play(key_tone(digit))
            self.pressed.append(digit)
            await trio.sleep(0.1)
        self._since_s = self._log.now()

    async def _audible(self, within_s: float, since_s: float) -> float | None:
        """When the agent became audible (or still was) after `since_s`, if it does so within `within_s` from now."""
        deadline_s = self._log.now() + within_s
        while True:
            now_s = self._log.now()
            heard_s = self._log.agent.first_sound(since_s, now_s)
            if heard_s is not None:
                return heard_s
            if now_s >= deadline_s:
                return None
            since_s = now_s
            await trio.sleep(_LOOK_S)

    async def _wait(self, step: WaitForAgent) -> None:
        with trio.move_on_after(step.at_most_s):
            heard_s = await self._audible(step.within_s, self._since_s)
            if heard_s is None:
                self._log.emit("caller", "hears nothing", f"for {step.within_s:g} s")
                return
            last_s = self._log.agent.last_sound(heard_s, self._log.now()) or heard_s
            while self._log.now() - last_s < step.quiet_s:
                await trio.sleep(_LOOK_S)
                last_s = self._log.agent.last_sound(last_s, self._log.now()) or last_s
