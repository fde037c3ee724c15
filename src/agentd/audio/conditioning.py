"""What the recogniser hears of the line: no direct current, no hum under 100 Hz, no hiss over 3.7 kHz (SPEC 2.2).

Three filter sections in a row (DC blocker, Butterworth high-pass and low-pass of the second order), all of them linear,
so a whole block of samples is one matrix product:

    sound out = response x sound in + echo x state        state' = decay x state + memory x sound in

The four matrices are found by asking one plain sample-by-sample step what it does to unit inputs. `lfilter` of
`scipy.signal` would do the same in 8 us a frame, but its import costs 1.2 s of CPU at each start; this costs 5 us.
"""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentd.audio.mulaw import LINEAR

RATE_HZ = 8000
BLOCK = 160  # samples in one matrix product: a media frame
DC_HZ = 10.0  # far under any voice; the offset of a bad line adapter is gone within 50 ms

_Matrix = NDArray[np.float64]
_Section = tuple[float, float, float, float, float]  # b0 b1 b2 a1 a2, with a0 = 1


class _System(NamedTuple):
    response: _Matrix  # (BLOCK, BLOCK) sound out of sound in
    echo: _Matrix  # (BLOCK, states) sound out of what was there before
    memory: _Matrix  # (states, BLOCK) state after a block of sound, oldest sample first
    powers: _Matrix  # (BLOCK + 1, states, states) what n samples of silence leave of a state


class Conditioner:
    """One call's filter, with its state. Made for 100 ms pieces; any length gives the same sound."""

    def __init__(self, high_pass_hz: float = 100.0, low_pass_hz: float = 3700.0) -> None:
        """0 leaves the high-pass out, 4000 the low-pass; direct current is always removed."""
        self._system = _system(high_pass_hz, low_pass_hz)
        self._state: _Matrix = np.zeros(self._system.powers.shape[1])

    def process(self, mulaw: bytes) -> bytes:
        """The next piece of the line, as PCM16 little-endian of the same number of samples."""
        response, echo, memory, powers = self._system
        sound = LINEAR.take(np.frombuffer(mulaw, np.uint8)).astype(np.float64)
        whole = len(sound) // BLOCK * BLOCK
        blocks, rest = sound[:whole].reshape(-1, BLOCK), sound[whole:]
        states = blocks @ memory.T
        for i, new in enumerate(states):
            before, self._state = self._state, powers[BLOCK] @ self._state + new
            states[i] = before
        out = (blocks @ response.T + states @ echo.T).reshape(-1)
        if n := len(rest):
            out = np.concatenate([out, response[:n, :n] @ rest + echo[:n] @ self._state])
            self._state = powers[n] @ self._state + memory[:, BLOCK - n :] @ rest
        return bytes(np.rint(out).clip(-32768, 32767).astype("<i2"))


@lru_cache(maxsize=8)
def _system(high_pass_hz: float, low_pass_hz: float) -> _System:
    """The matrices of a filter; 0.3 MB, shared by all calls with the same settings."""
    sections = [_dc_blocker()]
    if high_pass_hz > 0:
        sections.append(_butterworth(high_pass_hz, high=True))
    if low_pass_hz < RATE_HZ / 2:
        sections.append(_butterworth(low_pass_hz, high=False))
    states = 2 * len(sections)
    units = [_step(sections, list(unit), 0.0) for unit in np.eye(states)]
    a = np.array([state for _, state in units]).T
    c = np.array([out for out, _ in units])
    d, b = _step(sections, [0.0] * states, 1.0)
    powers = [np.eye(states)]
    for _ in range(BLOCK):
        powers.append(a @ powers[-1])
    memory = np.array([power @ np.array(b) for power in powers[BLOCK - 1 :: -1]]).T
    impulse = [d, *(float(c @ power @ np.array(b)) for power in powers[: BLOCK - 1])]
    response = np.zeros((BLOCK, BLOCK))
    for row in range(BLOCK):
        response[row, : row + 1] = impulse[row::-1]
    return _System(response, np.array([c @ power for power in powers[:BLOCK]]), memory, np.array(powers))


def _step(sections: list[_Section], state: list[float], x: float) -> tuple[float, list[float]]:
    """One sample through all sections (direct form II transposed): (out, new state)."""
    after: list[float] = []
    for i, (b0, b1, b2, a1, a2) in enumerate(sections):
        y = b0 * x + state[2 * i]
        after += [b1 * x - a1 * y + state[2 * i + 1], b2 * x - a2 * y]
        x = y
    return x, after


def _dc_blocker() -> _Section:
    return 1.0, -1.0, 0.0, -(1 - 2 * pi * DC_HZ / RATE_HZ), 0.0


def _butterworth(cutoff_hz: float, *, high: bool) -> _Section:
    """Second order, -3 dB at the cut-off, by the bilinear transform."""
    w = 2 * pi * cutoff_hz / RATE_HZ
    alpha, cosine = sin(w) / sqrt(2), cos(w)
    a0 = 1 + alpha
    b1 = -(1 + cosine) if high else 1 - cosine
    b0 = abs(b1) / 2
    return b0 / a0, b1 / a0, b0 / a0, -2 * cosine / a0, (1 - alpha) / a0
