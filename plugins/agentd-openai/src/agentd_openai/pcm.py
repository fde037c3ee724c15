"""Bytes of a stream into pieces of audio: whole samples, none too long, without a header. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from agentd.engines import AudioChunk
from agentd_openai.failures import garbage

RATE_HZ = 24_000  # of OpenAI's raw PCM, 16-bit little-endian mono
CHUNK_MS = 100  # nobody should have to resample a whole phrase in one step
MOST_HEADER = 4096  # bytes before the sound of a WAV
_OTHER_FORMATS = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"OggS", b"fLaC", b"<htm", b"<!do", b'{"')


class PcmReader:
    """One answer's. Some compatible servers put a WAV header before the sound, which then tells the rate."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._held = bytearray()
        self._begun = False
        self._rate_hz = RATE_HZ

    def feed(self, piece: bytes) -> Iterator[AudioChunk]:
        """The audio that is whole with `piece`. Raises `EngineError` for another format."""
        self._held += piece
        if not self._begun and not self._begin():
            return
        whole = len(self._held) & ~1
        step = self._rate_hz * CHUNK_MS // 1000 * 2
        for at in range(0, whole, step):
            yield AudioChunk(bytes(self._held[at : min(at + step, whole)]), self._rate_hz)
        del self._held[:whole]

    def _begin(self) -> bool:
        """Is it clear what comes, and any header gone?"""
        if len(self._held) < 12:
            return False
        if self._held.startswith(_OTHER_FORMATS):
            raise garbage("another format than PCM", self._engine)
        if self._held.startswith(b"RIFF"):
            return self._header()
        self._begun = True
        return True

    def _header(self) -> bool:
        sound = self._held.find(b"data", 12)
        if sound < 0 or len(self._held) < sound + 8:
            if len(self._held) > MOST_HEADER:
                raise garbage("a WAV without sound", self._engine)
            return False
        form = self._held.find(b"fmt ", 12, sound)
        if form < 0 or sound - form < 24:
            raise garbage("a WAV without a format", self._engine)
        coding, channels, rate_hz = struct.unpack_from("<HHI", self._held, form + 8)
        bits = struct.unpack_from("<H", self._held, form + 22)[0]
        if (channels, bits) != (1, 16) or coding not in (1, 0xFFFE) or not 8000 <= rate_hz <= 48_000:
            raise garbage("a WAV of another kind", self._engine)
        self._rate_hz, self._begun = rate_hz, True
        del self._held[: sound + 8]
        return True
