"""One voice on a time line: mu-law audio with the times at which it was heard.

A track is a list of spans that touch nowhere; between them is silence. Times are seconds on whatever clock the
owner uses, and are computed from a span's beginning, so that a quarter of an hour does not drift.
"""

from __future__ import annotations

from dataclasses import dataclass

RATE_BYTES_S = 8000
SILENCE_BYTE = 0xFF

_TOUCH_S = 1e-6  # two spans closer than this are one: the dust of float arithmetic, far under a sample (125 us)

# Audible: a sample of at least 132 of 32768 (-48 dBFS), the bottom of the second mu-law segment. Line noise and the
# silent tail of an utterance stay below it; the quietest synthesised voice does not.
_LOUD = bytes(int((~code & 0x7F) >= 0x10) for code in range(256))


@dataclass(frozen=True, slots=True)
class Span:
    """Audio without a gap; `at_s` is when its first byte was heard."""

    at_s: float
    mulaw: bytes

    @property
    def end_s(self) -> float:
        return self.at_s + len(self.mulaw) / RATE_BYTES_S


class Track:
    """Append audio, cut its unheard end off, and ask what could be heard when."""

    def __init__(self) -> None:
        self._starts: list[float] = []
        self._audio: list[bytearray] = []

    @property
    def end_s(self) -> float:
        """When the last byte has been heard; minus infinity on an empty track."""
        return self._end(-1) if self._starts else float("-inf")

    def add(self, at_s: float, mulaw: bytes) -> None:
        """Queue audio at `at_s`, or after what is already there when that ends later."""
        if not mulaw:
            return
        if self._starts and at_s <= self.end_s + _TOUCH_S:
            self._audio[-1] += mulaw
        else:
            self._starts.append(at_s)
            self._audio.append(bytearray(mulaw))

    def cut(self, at_s: float) -> bytes:
        """Drop everything after `at_s` and return it. Only the last span can lie ahead, as `add` never leaves a gap
        in the future of the clock that it is called with."""
        if not self._starts or at_s >= self.end_s:
            return b""
        keep = max(0, round((at_s - self._starts[-1]) * RATE_BYTES_S))
        dropped = bytes(self._audio[-1][keep:])
        del self._audio[-1][keep:]
        if not keep:
            self._starts.pop()
            self._audio.pop()
        return dropped

    def spans(self, until_s: float = float("inf")) -> list[Span]:
        """What was heard up to `until_s`, span by span."""
        whole = []
        for at_s, audio in zip(self._starts, self._audio, strict=True):
            if at_s >= until_s:
                break
            span = Span(at_s, bytes(audio))
            if span.end_s > until_s:
                span = Span(at_s, span.mulaw[: round((until_s - at_s) * RATE_BYTES_S)])
            whole.append(span)
        return whole

    def between(self, from_s: float, until_s: float) -> bytes:
        """The mu-law of `from_s` to `until_s`, with silence where there was nothing: 8000 bytes a second."""
        length = max(0, round((until_s - from_s) * RATE_BYTES_S))
        out = bytearray([SILENCE_BYTE]) * length
        for i in range(len(self._starts) - 1, -1, -1):
            if self._end(i) <= from_s:
                break
            offset = round((self._starts[i] - from_s) * RATE_BYTES_S)
            piece = self._audio[i][max(0, -offset) : max(0, length - offset)]
            begin = max(0, offset)
            out[begin : begin + len(piece)] = piece
        return bytes(out[:length])

    def first_sound(self, from_s: float, until_s: float) -> float | None:
        """When the first audible sample between the two times was heard, or None."""
        index = self.between(from_s, until_s).translate(_LOUD).find(1)
        return None if index < 0 else from_s + index / RATE_BYTES_S

    def last_sound(self, from_s: float, until_s: float) -> float | None:
        """When the last audible sample between the two times ended, or None."""
        index = self.between(from_s, until_s).translate(_LOUD).rfind(1)
        return None if index < 0 else from_s + (index + 1) / RATE_BYTES_S

    def sounds(self, *, join_s: float = 0.35, until_s: float = float("inf")) -> list[tuple[float, float]]:
        """The stretches in which somebody was audible, joined over pauses under `join_s` (the gaps within and between
        words; 0.35 s keeps a sentence whole and two turns apart)."""
        stretches: list[tuple[float, float]] = []
        for span in self.spans(until_s):
            loud = span.mulaw.translate(_LOUD)
            index = loud.find(1)
            while index >= 0:
                gap = loud.find(bytes(80), index)  # 10 ms without a loud sample: longer than a pitch period
                end = len(loud) if gap < 0 else gap
                begin_s, end_s = span.at_s + index / RATE_BYTES_S, span.at_s + end / RATE_BYTES_S
                if stretches and begin_s - stretches[-1][1] < join_s:
                    stretches[-1] = (stretches[-1][0], end_s)
                else:
                    stretches.append((begin_s, end_s))
                index = loud.find(1, end)
        return stretches

    def _end(self, index: int) -> float:
        return self._starts[index] + len(self._audio[index]) / RATE_BYTES_S
