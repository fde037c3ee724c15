"""What can go wrong at Google's, as switches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc  # type: ignore[import-untyped]

Refusal = tuple[Any, str]  # grpc.StatusCode, details


@dataclass(frozen=True)
class Trouble:
    """`refuse`: looks at the configuration of a stream, or at a request, and gives the status to end it with, or None.
    Times are milliseconds of audio that a stream got (recogniser) or sent (voice).

    `slow_s` before each answer; `cut_ms`: the stream breaks (UNAVAILABLE); `stall_ms`: no answer from there on;
    `deaf_ms`: it is not read from there on; `end_ms`: it ends without an error; `cap_ms`: it ends as Google's five
    minutes do; `garbage_ms`: bytes that are no message from there on; `nonsense`: messages that make no sense beside
    the right ones; `flood`: so many partials for each piece of audio; `empty`: an answer without audio.
    """

    refuse: Callable[[Any], Refusal | None] = lambda config: None
    slow_s: float = 0.0
    cut_ms: int | None = None
    stall_ms: int | None = None
    deaf_ms: int | None = None
    end_ms: int | None = None
    cap_ms: int | None = None
    garbage_ms: int | None = None
    nonsense: bool = False
    flood: int = 0
    empty: bool = False

    def at(self, limit_ms: int | None, now_ms: int) -> bool:
        return limit_ms is not None and now_ms >= limit_ms


CUT: Refusal = (grpc.StatusCode.UNAVAILABLE, "Connection reset by peer")
CAPPED: Refusal = (grpc.StatusCode.OUT_OF_RANGE, "Exceeded maximum allowed stream duration of 305 seconds.")
GARBAGE = b"\xff\xff\xff\xff"
