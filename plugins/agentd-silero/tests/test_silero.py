from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from agentd_silero import make_vad
from agentd_silero.detector import BATCH, SileroStream, SileroVAD

from agentd.config import Settings
from agentd.engines import VAD
from agentd.errors import ConfigError

FRAME = 320


@pytest.fixture
def vad() -> SileroVAD:
    made = make_vad(Settings.of(), "")
    assert isinstance(made, SileroVAD)
    assert isinstance(made, VAD)
    return made


def noise(seconds: float, rms: float, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).normal(0, rms, int(seconds * 8000)).astype("<i2").tobytes()


def pcm(seconds: float, seed: int = 0) -> bytes:
    """Quiet, a buzz with the harmonics of a voice, quiet."""
    t = np.arange(int(seconds * 8000)) / 8000
    pitch = 2 * np.pi * (120 + 10 * seed) * t + np.sin(2 * np.pi * 3 * t)
    buzz = sum(np.sin(n * pitch) / n for n in range(1, 20)) * 3000
    return noise(0.5, 4, seed) + np.asarray(buzz).astype("<i2").tobytes() + noise(0.5, 4, seed + 1)


def figures(stream: SileroStream, sound: bytes, size: int = FRAME) -> list[float]:
    return [stream.hear(sound[i : i + size]) for i in range(0, len(sound), size)]


def test_silence_and_noise_are_no_voice(vad: SileroVAD) -> None:
    for sound in (bytes(16000), noise(2, 4), noise(2, 300)):
        assert max(figures(vad.open(), sound)) < 0.3


def test_the_same_audio_gives_the_same_figures_alone_and_in_company(vad: SileroVAD) -> None:
    calls = [pcm(0.5 + 0.1 * i, seed=i) for i in range(5)]
    alone = [figures(vad.open(), sound) for sound in calls]
    streams = [vad.open() for _ in calls]
    together: list[list[float]] = [[] for _ in calls]
    for at in range(0, max(map(len, calls)), FRAME):
        for i, sound in enumerate(calls):
            if at < len(sound):
                together[i].append(streams[i].hear(sound[at : at + FRAME]))
    for one, other in zip(alone, together, strict=True):
        assert np.allclose(one, other, atol=1e-4)


def test_a_figure_is_never_more_than_a_frame_older_than_its_window(vad: SileroVAD) -> None:
    stream = vad.open()
    sound = noise(1, 3000)
    seen = figures(stream, sound)
    # Windows are full after 1.6, 3.2, 4.8 ... frames; each figure is there at the frame after.
    full = {int(np.ceil(n * 256 / 160)) for n in range(1, 32)}
    changed = {i for i in range(1, len(seen)) if seen[i] != seen[i - 1]}
    assert changed <= full
    assert len(changed) >= 20


def test_a_full_batch_does_not_wait(vad: SileroVAD) -> None:
    streams = [vad.open() for _ in range(BATCH)]
    sound = noise(0.032, 3000)
    for stream in streams[:-1]:
        assert stream.hear(sound) == 0.0
    assert streams[-1].hear(sound) > 0.0
    assert all(stream.hear(b"") > 0.0 for stream in streams)


def test_a_call_that_ends_takes_its_window_with_it(vad: SileroVAD) -> None:
    stays, leaves = vad.open(), vad.open()
    for stream in (stays, leaves):
        stream.hear(bytes(512))
    leaves.close()
    leaves.close()
    stays.hear(bytes(512))
    assert leaves.hear(b"") == 0.0


def test_pieces_of_any_length_will_do(vad: SileroVAD) -> None:
    sound = pcm(0.4)
    by_frames, by_pieces = vad.open(), vad.open()
    figures(by_frames, sound)
    figures(by_pieces, sound, 3210)
    assert by_pieces.hear(b"") == pytest.approx(by_frames.hear(b""), abs=1e-4)


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_a_model_that_cannot_be_loaded_says_what_to_do(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"VAD_ENGINE.*model.onnx cannot be loaded.*Cure: .*silero"):
        make_vad(Settings.of(), str(path))
