"""The voice `local[:voice]`: piper, sentence by sentence, as 8 kHz PCM in chunks of 160 ms.

A sentence is synthesised whole (about 50 ms of one core for each second of speech), so the first chunk of a phrase
waits for its first sentence only. Level: every sentence is brought to the same loudness, for a telephone. Piper has
no pitch: `Voice.pitch_semitones` is ignored, and `agentd check` says so. Hebrew from an English voice: see `accent`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import soxr
import trio
from numpy.typing import NDArray

from agentd.engines import AudioChunk, Voice
from agentd.errors import EngineError
from agentd_local.accent import HebrewReader
from agentd_local.pool import Pool, Threads

if TYPE_CHECKING:
    from piper import SynthesisConfig

RATE_HZ = 8000
CHUNK_BYTES = RATE_HZ * 2 * 160 // 1000
LOUDNESS = 0.1  # RMS of a sentence, -20 dBFS, as SPEC 2.2 wants of the other direction
PEAK = 0.9
SLOWEST, FASTEST = 0.5, 2.0  # rates beyond are mumbling


class Speaker(Protocol):
    """What `PiperVoice` is; tests bring their own."""

    def sentences(self, text: str, voice: Voice) -> Iterator[bytes]:
        """8 kHz PCM, one sentence at a time; each step blocks for one synthesis."""
        ...


class PiperVoice:
    """A loaded piper voice. Several threads may synthesise at once."""

    def __init__(self, model: Path, *, cpu_threads: int = 1) -> None:
        import json

        import onnxruntime
        from piper import PiperVoice as Piper
        from piper.config import PiperConfig

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cpu_threads  # its default is every core, for each of the calls
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        config = json.loads(model.with_name(model.name + ".json").read_text("utf-8"))
        self._piper = Piper(session=session, config=PiperConfig.from_dict(config))
        self._speaks_hebrew = config.get("phoneme_type") == "hebrew" or config.get("espeak", {}).get("voice") == "he"
        self._hebrew: HebrewReader | None = None

    def sentences(self, text: str, voice: Voice) -> Iterator[bytes]:
        """See `Speaker`. `voice.rate` is honoured between half and double speed."""
        from piper import SynthesisConfig

        config = self._piper.config
        rate = min(max(voice.rate, SLOWEST), FASTEST)
        how = SynthesisConfig(length_scale=config.length_scale / rate, normalize_audio=False)
        for samples in self._hebrew_samples(text, how) if self._with_accent(voice) else self._samples(text, how):
            narrow = soxr.resample(samples, config.sample_rate, RATE_HZ)
            yield (_level(narrow) * 32767).astype("<i2").tobytes()

    def _samples(self, text: str, how: SynthesisConfig) -> Iterator[NDArray[np.float32]]:
        for sentence in self._piper.synthesize(text, how):
            yield sentence.audio_float_array

    def _with_accent(self, voice: Voice) -> bool:
        return voice.language.split("-")[0] in ("he", "iw") and not self._speaks_hebrew

    def _hebrew_samples(self, text: str, how: SynthesisConfig) -> Iterator[NDArray[np.float32]]:
        reader = self._hebrew
        if reader is None:
            reader = self._hebrew = HebrewReader()
        for phonemes in reader.sentences(text):
            yield self._piper.phoneme_ids_to_audio(self._piper.phonemes_to_ids(phonemes), how)


class LocalTTS:
    def __init__(self, speaker: Speaker, *, pool: Pool | None = None) -> None:
        self._speaker = speaker
        self._pool: Pool = pool if pool is not None else Threads()

    @trio.as_safe_channel
    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """The speech of one phrase. Raises `EngineError` when synthesis fails. Cancel: when the sentence in work is
        done."""
        sentences = self._speaker.sentences(text, voice)
        while True:
            try:
                pcm = await self._pool.run(next, sentences, None)
            except (RuntimeError, ValueError, MemoryError) as error:  # what onnxruntime, espeak and numpy raise
                raise EngineError(f"synthesis failed: {error!r}", retryable=True, engine="local") from error
            if pcm is None:
                return
            for at in range(0, len(pcm), CHUNK_BYTES):
                yield AudioChunk(pcm[at : at + CHUNK_BYTES], RATE_HZ)


def _level(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    loud = samples[np.abs(samples) > 0.01]  # without the pauses
    if not loud.size:
        return samples
    gain = LOUDNESS / float(np.sqrt((loud**2).mean()))
    levelled: NDArray[np.float32] = samples * min(gain, PEAK / float(np.abs(samples).max()))
    return levelled
