"""Rates: the line speaks 8 kHz, some recognisers want 16, voices come in anything. Streaming, by soxr."""

from __future__ import annotations

import numpy as np
import soxr


class Resampler:
    """One stream of mono PCM16 from one rate to another. Equal rates pass the bytes through.

    soxr keeps some milliseconds to itself: what `process` has not given back comes out of `finish`, after which
    the object is spent. The bytes of a sample may arrive in two pieces.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        same = from_hz == to_hz
        # Floats: soxr's own 16-bit output is dithered, and the same sound would not give the same bytes.
        self._stream = None if same else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="MQ")
        self._odd = b""

    def process(self, pcm: bytes) -> bytes:
        """PCM16 little-endian in, whatever is ready out (perhaps nothing)."""
        return self._run(pcm, last=False)

    def finish(self) -> bytes:
        """The rest of the stream."""
        return self._run(b"", last=True)

    def _run(self, pcm: bytes, *, last: bool) -> bytes:
        pcm = self._odd + pcm
        whole = len(pcm) & ~1
        pcm, self._odd = pcm[:whole], pcm[whole:]
        if self._stream is None:
            return pcm
        out = self._stream.resample_chunk(np.frombuffer(pcm, "<i2").astype(np.float32), last=last)
        return bytes(np.rint(out).clip(-32768, 32767).astype("<i2"))


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """All of a recording at once: PCM16 little-endian mono."""
    whole = Resampler(from_hz, to_hz)
    return whole.process(pcm) + whole.finish()
