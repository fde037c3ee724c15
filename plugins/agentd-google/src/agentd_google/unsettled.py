"""What rotation rests on: the audio that has no final text yet, and where a stream's offsets lie in the call.

A stream of Google's lives five minutes; a call is longer. When one stream follows another, it is given again all that
the last one had not finished with, from exactly where its last final text ended: no word is lost, none comes twice.
Pure data, no clock; times are media time of the call.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from agentd.engines import Heard

UNVOICED_MS = 3_000  # kept of audio in which nobody spoke: more than any detector is late by
UNANSWERED_MS = 10_000  # ... and after a voice that brought no words; Google's text is there within 2 s
MOST_MS = 60_000  # kept at all, 1 MB at 8 kHz: Google itself closes a sentence long before


@dataclass(frozen=True, slots=True)
class Piece:
    """Some audio: PCM16, and the media time that it covers."""

    pcm: bytes
    from_ms: int
    until_ms: int
    voiced: bool


class Unsettled:
    """The audio of one call since its last final text."""

    def __init__(self, rate_hz: int) -> None:
        self._bytes_per_ms = rate_hz * 2 // 1000
        self._pieces: deque[Piece] = deque()
        self._voiced_ms: int | None = None  # where the last voice ended
        self._worded = False  # a partial text is open
        self.settled_ms = 0

    def hear(self, heard: Heard) -> Piece | None:
        """The next piece of the call; None when there is no sound in it (a tick)."""
        if not heard.pcm:
            return None
        from_ms = heard.until_ms - len(heard.pcm) // self._bytes_per_ms
        piece = Piece(heard.pcm, from_ms, heard.until_ms, heard.voiced)
        self._pieces.append(piece)
        if piece.voiced:
            self._voiced_ms = piece.until_ms
        self._forget()
        return piece

    def words_open(self) -> None:
        """A partial text came: what is here is speech, whatever the detector says."""
        self._worded = True

    def settle(self, until_ms: int) -> None:
        """The text up to `until_ms` is final."""
        self.settled_ms = max(self.settled_ms, until_ms)
        self._worded = False
        self._cut(until_ms)
        if self._voiced_ms is not None and self._voiced_ms <= until_ms:
            self._voiced_ms = None

    @property
    def quiet(self) -> bool:
        """Nobody has said anything that is not final."""
        return self._voiced_ms is None and not self._worded

    @property
    def from_ms(self) -> int:
        """Where the next text begins: at the first voice since the last final one."""
        voice = next((piece.from_ms for piece in self._pieces if piece.voiced), None)
        if voice is not None:
            return voice
        return self._pieces[0].from_ms if self._pieces else self.settled_ms

    def __iter__(self) -> Iterator[Piece]:
        return iter(tuple(self._pieces))

    def _forget(self) -> None:
        now_ms = self._pieces[-1].until_ms
        if not self._worded:
            if self._voiced_ms is not None and now_ms - self._voiced_ms > UNANSWERED_MS:
                self._voiced_ms = None
            if self._voiced_ms is None:
                self._drop(now_ms - UNVOICED_MS)
        self._drop(now_ms - MOST_MS)

    def _drop(self, before_ms: int) -> None:
        while self._pieces and self._pieces[0].until_ms <= before_ms:
            self._pieces.popleft()

    def _cut(self, until_ms: int) -> None:
        """Forget all before `until_ms`, to the sample."""
        self._drop(until_ms)
        if self._pieces and self._pieces[0].from_ms < until_ms:
            first = self._pieces.popleft()
            pcm = first.pcm[(until_ms - first.from_ms) * self._bytes_per_ms :]
            self._pieces.appendleft(Piece(pcm, until_ms, first.until_ms, first.voiced))


class Offsets:
    """Where the offsets of one stream ("at 12.34 s of what you sent me") lie in the call."""

    def __init__(self, rate_hz: int) -> None:
        self._bytes_per_ms = rate_hz * 2 // 1000
        self._bytes = 0
        # Stretches without a gap in media time, as (offset at the end, media time at the end): one, as a rule.
        self._ends: list[tuple[int, int]] = []

    @property
    def sent_ms(self) -> int:
        """How much audio the stream has been given."""
        return self._bytes // self._bytes_per_ms

    @property
    def until_ms(self) -> int:
        """The media time at its end."""
        return self._ends[-1][1] if self._ends else 0

    def sent(self, piece: Piece) -> None:
        """The stream is given `piece`."""
        follows = bool(self._ends) and self._ends[-1][1] == piece.from_ms
        self._bytes += len(piece.pcm)
        end = (self.sent_ms, piece.until_ms)
        if follows:
            self._ends[-1] = end
        else:
            self._ends.append(end)

    def media_ms(self, offset_ms: int) -> int:
        """The media time of an offset; one beyond what was sent is taken for its end, one before for its start."""
        if not self._ends:
            return 0
        at = min(bisect_left(self._ends, (offset_ms, 0)), len(self._ends) - 1)
        end_offset, end_ms = self._ends[at]
        start_offset = self._ends[at - 1][0] if at else 0
        return end_ms - (end_offset - min(max(offset_ms, start_offset), end_offset))
