"""What a simulated caller does: a list of steps, played in order over the whole call, across streams if there are two.

A script that ends without `HangUp` leaves the caller listening until agentd ends the call or the call's limit comes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """Speak PCM (16-bit little-endian mono, 8 kHz); the next step begins with the last sample."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class WaitForAgent:
    """Listen until the agent has been audible and then silent for `quiet_s`; after `within_s` without a sound, or
    `at_most_s` in all, go on regardless. Agent speech counts from the end of the caller's last step that spoke."""

    within_s: float = 15.0
    quiet_s: float = 1.0
    at_most_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Wait (`within_s` at most) until the agent is audible, from now on, let it speak `after_s`, then say this over
    it."""

    pcm: bytes
    after_s: float = 1.0
    within_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Say nothing for `for_s`, whatever the agent does."""

    for_s: float


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, 100 ms each and 100 ms apart."""

    digits: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """The caller hangs up: the end of the script."""


Step = Say | WaitForAgent | Interrupt | Silence | Press | HangUp
