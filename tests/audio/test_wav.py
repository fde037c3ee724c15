from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from agentd.audio.mulaw import decode
from agentd.audio.wav import WavError, parse, read_wav, write_stereo, write_wav

RAMP = np.arange(-3000, 3000, 25, dtype="<i2")


def riff(coding: int, bits: int, data: bytes, *, channels: int = 1, rate: int = 8000, extra: bytes = b"") -> bytes:
    align = channels * bits // 8
    form = struct.pack("<HHIIHH", coding, channels, rate, rate * align, align, bits) + extra
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"LIST\x03\x00\x00\x00abc\x00"
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


EXTENSIBLE = struct.pack("<HHIH", 22, 16, 4, 1) + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
SAME_SOUND = {
    "16 bit": riff(1, 16, RAMP.tobytes()),
    "24 bit": riff(1, 24, b"".join(int(v).to_bytes(3, "little", signed=True) for v in RAMP.astype(int) * 256)),
    "32 bit": riff(1, 32, (RAMP.astype("<i4") * 65536).tobytes()),
    "float": riff(3, 32, (RAMP / 32768).astype("<f4").tobytes()),
    "double": riff(3, 64, (RAMP / 32768).astype("<f8").tobytes()),
    "extensible": riff(0xFFFE, 16, RAMP.tobytes(), extra=EXTENSIBLE),
    "stereo": riff(1, 16, np.repeat(RAMP, 2).tobytes(), channels=2),
}


@pytest.mark.parametrize("kind", SAME_SOUND)
def test_every_kind_of_linear_sound_reads_alike(kind: str) -> None:
    assert parse(SAME_SOUND[kind]) == (RAMP.tobytes(), 8000)


def test_eight_bits_and_mu_law() -> None:
    assert np.frombuffer(parse(riff(1, 8, bytes([0, 128, 255]))).data, "<i2").tolist() == [-32768, 0, 32512]
    assert parse(riff(7, 8, b"\x00\x80\xff")).data == decode(b"\x00\x80\xff")


def test_a_length_that_the_writer_did_not_know_means_to_the_end() -> None:
    wav = riff(1, 16, RAMP.tobytes())
    at = wav.index(b"data") + 4
    assert parse(wav[:at] + b"\xff\xff\xff\xff" + wav[at + 4 :]).data == RAMP.tobytes()


def test_other_rates_come_out_at_8_khz(tmp_path: Path) -> None:
    t = np.arange(44100) / 44100
    write_wav(tmp_path / "tone.wav", np.rint(8000 * np.sin(2 * np.pi * 440 * t)).astype("<i2").tobytes(), 44100)
    tone = np.frombuffer(read_wav(tmp_path / "tone.wav"), "<i2").astype(float)
    assert abs(len(tone) - 8000) <= 1
    assert np.argmax(np.abs(np.fft.rfft(tone))) == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(tone[200:-200] ** 2)) == pytest.approx(8000 / np.sqrt(2), rel=0.01)


def test_what_is_written_the_standard_library_reads(tmp_path: Path) -> None:
    write_wav(tmp_path / "mono.wav", RAMP.tobytes())
    write_stereo(tmp_path / "both.wav", RAMP.tobytes(), RAMP.tobytes()[:100])
    with wave.open(str(tmp_path / "mono.wav")) as mono:
        assert (mono.getparams()[:4], mono.readframes(1000)) == ((1, 2, 8000, len(RAMP)), RAMP.tobytes())
    with wave.open(str(tmp_path / "both.wav")) as both:
        assert both.getparams()[:4] == (2, 2, 8000, len(RAMP))
        sound = np.frombuffer(both.readframes(1000), "<i2").reshape(-1, 2)
    assert np.array_equal(sound[:, 0], RAMP)
    assert np.array_equal(sound[:, 1], np.where(np.arange(len(RAMP)) < 50, RAMP, 0))


@pytest.mark.parametrize(
    ("wav", "says"),
    [
        (b"", "not a WAV"),
        (b"ID3" + bytes(40), "not a WAV"),
        (riff(1, 16, b"")[:36], "no sound"),
        (riff(1, 16, b"").replace(b"fmt ", b"junk"), "no format"),
        (riff(1, 16, b"").replace(b"fmt \x10", b"fmt \x04"), "cut off"),
        (riff(2, 4, b"xx"), "not supported; save it as"),
        (riff(1, 12, b"xx"), "not supported"),
        (riff(1, 16, b"xx", channels=0), "make no sense"),
        (riff(1, 16, b"xx", rate=7), "make no sense"),
    ],
)
def test_what_cannot_be_read_says_why(wav: bytes, says: str) -> None:
    with pytest.raises(WavError, match=f"greeting.wav: .*{says}"):
        parse(wav, "greeting.wav")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(WavError, match="No such file"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(WavError, match="directory"):
        read_wav(tmp_path)
