"""WAV files: any that people have, in; the plain kind, out.

Read by hand rather than by the standard library, which refuses extensible headers (up to Python 3.11), floats and the
telephone's own mu-law, and which believes the lengths of headers that were written to a pipe.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentd.audio.mulaw import LINEAR
from agentd.audio.resample import resample
from agentd.errors import AgentdError, Fault

LINE_HZ = 8000
_PCM, _FLOAT, _MULAW, _EXTENSIBLE = 1, 3, 7, 0xFFFE


class WavError(AgentdError):
    """A file that is no WAV, or a WAV of a kind that cannot be read. The message says which and what would do."""

    code = "wav"
    fault = Fault.OPERATOR


class Pcm(NamedTuple):
    """Linear PCM, 16-bit little-endian, mono."""

    data: bytes
    rate_hz: int


def parse(wav: bytes, name: str = "WAV") -> Pcm:
    """The sound of a WAV file in memory, mixed down to one channel, at its own rate.

    Linear PCM of 8, 16, 24 or 32 bits, floats of 32 or 64, mu-law. Raises `WavError`, in which `name` is the file.
    """
    if len(wav) < 12 or wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise WavError(f"{name}: not a WAV file")
    header: tuple[int, int, int, int] | None = None
    at = 12
    while at + 8 <= len(wav):
        tag, size = wav[at : at + 4], struct.unpack_from("<I", wav, at + 4)[0]
        body = wav[at + 8 : at + 8 + size]  # shorter than `size` when the writer did not know the length
        if tag == b"fmt ":
            header = _header(body, name)
        elif tag == b"data":
            if header is None:
                raise WavError(f"{name}: no format before the sound")
            coding, channels, rate_hz, bits = header
            return Pcm(_mono(_samples(body, coding, bits, name), channels), rate_hz)
        at += 8 + size + size % 2
    raise WavError(f"{name}: no sound in the file")


def read_wav(path: Path | str, rate_hz: int = LINE_HZ) -> bytes:
    """A WAV file as mono PCM16 little-endian at `rate_hz`. Raises `WavError`, also when it cannot be opened."""
    try:
        wav = Path(path).read_bytes()
    except OSError as error:
        raise WavError(f"{path}: {error.strerror or error}") from error
    sound = parse(wav, str(path))
    return resample(sound.data, sound.rate_hz, rate_hz)


def wav_of(pcm: bytes, rate_hz: int = LINE_HZ) -> bytes:
    """A mono WAV file as bytes, of 16-bit PCM."""
    return _file(pcm, 1, rate_hz)


def write_wav(path: Path | str, pcm: bytes, rate_hz: int = LINE_HZ) -> None:
    """Write mono PCM16 little-endian. Raises OSError."""
    Path(path).write_bytes(_file(pcm, 1, rate_hz))


def write_stereo(path: Path | str, left: bytes, right: bytes, rate_hz: int = LINE_HZ) -> None:
    """Write two voices, the shorter one filled up with silence. Raises OSError."""
    both = np.zeros((max(len(left), len(right)) // 2, 2), "<i2")
    for channel, pcm in enumerate((left, right)):
        both[: len(pcm) // 2, channel] = np.frombuffer(pcm, "<i2", count=len(pcm) // 2)
    Path(path).write_bytes(_file(both.tobytes(), 2, rate_hz))


def _file(data: bytes, channels: int, rate_hz: int) -> bytes:
    align = 2 * channels
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, channels, rate_hz, rate_hz * align, align, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _header(body: bytes, name: str) -> tuple[int, int, int, int]:
    """(coding, channels, rate, bits of a sample)."""
    if len(body) < 16:
        raise WavError(f"{name}: the format is cut off")
    coding, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if coding == _EXTENSIBLE and len(body) >= 26:
        coding = struct.unpack_from("<H", body, 24)[0]
    if not 1 <= channels <= 64 or not 1000 <= rate_hz <= 384_000:
        raise WavError(f"{name}: {channels} channels at {rate_hz} Hz make no sense")
    return coding, channels, rate_hz, bits


def _samples(body: bytes, coding: int, bits: int, name: str) -> NDArray[np.float64]:
    """Samples in int16 units."""

    def as_type(dtype: str) -> NDArray[np.float64]:
        return np.frombuffer(body, dtype, count=len(body) // np.dtype(dtype).itemsize).astype(np.float64)

    match coding, bits:
        case (1, 16):
            return as_type("<i2")
        case (1, 8):
            return (as_type("u1") - 128) * 256
        case (1, 24):
            wide = np.zeros((len(body) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(body, np.uint8, count=len(wide) * 3).reshape(-1, 3)
            return wide.reshape(-1).view("<i4").astype(np.float64) / 65536
        case (1, 32):
            return as_type("<i4") / 65536
        case (3, 32) | (3, 64):
            return np.nan_to_num(as_type(f"<f{bits // 8}")) * 32768
        case (7, 8):
            return LINEAR[np.frombuffer(body, np.uint8)].astype(np.float64)
    raise WavError(f"{name}: coding {coding} with {bits} bits is not supported; save it as 16-bit linear PCM")


def _mono(samples: NDArray[np.float64], channels: int) -> bytes:
    whole = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1)
    return bytes(np.rint(whole).clip(-32768, 32767).astype("<i2"))
