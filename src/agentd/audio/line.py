"""From a voice's PCM, of whatever rate, to the line's mu-law; the rate may change when another voice takes over."""

from __future__ import annotations

from agentd.audio.mulaw import encode
from agentd.audio.resample import Resampler

LINE_HZ = 8000


class ToLine:
    """One phrase. Feed pieces in order, then `finish`."""

    def __init__(self) -> None:
        self._rate_hz = LINE_HZ
        self._resampler: Resampler | None = None

    def feed(self, pcm: bytes, rate_hz: int) -> bytes:
        """16-bit PCM -> mu-law; what a resampler holds back comes with a later piece."""
        rest = b""
        if rate_hz != self._rate_hz:
            rest, self._rate_hz = self.finish(), rate_hz
            self._resampler = Resampler(rate_hz, LINE_HZ) if rate_hz != LINE_HZ else None
        return rest + encode(self._resampler.process(pcm) if self._resampler is not None else pcm)

    def finish(self) -> bytes:
        """What was held back."""
        resampler, self._resampler, self._rate_hz = self._resampler, None, LINE_HZ
        return encode(resampler.finish()) if resampler is not None else b""
