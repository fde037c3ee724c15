"""One utterance of telephone speech to text, by Whisper on CTranslate2.

Whisper was trained on windows of 30 s, and its encoder costs the same for a "yes" as for 30 s of speech. Most
utterances of a call are under 5 s, so the window is cut to 12 s: measured on one core, tiny.en at int8 encodes in
35 ms instead of 260, with the same text. Much shorter windows (8 s and under) make it repeat itself for ever, and
even at 12 s it happens now and then: a text that repeats is thrown away and the utterance read once more in the
full window.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.sparse import csr_array

PHONE_HZ = 8000
WHISPER_HZ = 16000
FRAME = 160  # samples of one mel frame, 10 ms
WINDOW_S = 12
FULL_WINDOW_S = 30
FFT = 400
BEAM = 5  # 0.6 points of word error rate for 8 ms
TOKENS, TOKENS_PER_S = 8, 8  # fast speech is about 5 tokens a second: more is not what was said
NO_SPEECH, WEAK = 0.6, -1.0  # Whisper's own: both together mean that nobody spoke
COMPRESSES = 2.4  # Whisper's own: text that deflates better than this repeats itself
REPEATS = 4  # the same 1 to 6 words in a row; digits may repeat more often, in phone numbers
DIGIT_REPEATS = 7
INVENTED = frozenset({"thank you", "thanks for watching", "thank you for watching", "you", "bye", "the end", "so"})
INVENTED_WEAK = -0.9  # what Whisper makes of noise is this list, said without conviction


class Recogniser:
    """A loaded model. `transcribe` may be called from several threads at once."""

    def __init__(self, model: Path | str, *, language: str = "en-US", cpu_threads: int = 1, workers: int = 1) -> None:
        import ctranslate2
        from faster_whisper.feature_extractor import FeatureExtractor
        from tokenizers import Tokenizer

        if isinstance(model, str):
            from faster_whisper.utils import download_model

            model = Path(download_model(model))
        self._whisper = ctranslate2.models.Whisper(
            str(model), device="cpu", compute_type="int8", intra_threads=cpu_threads, inter_threads=workers
        )
        self._view = ctranslate2.StorageView
        self._tokens = Tokenizer.from_file(str(model / "tokenizer.json"))
        filters = FeatureExtractor.get_mel_filters(WHISPER_HZ, FFT, self._whisper.n_mels)
        self._mel = csr_array(filters.astype(np.float32))  # sparse: a dense product wakes a BLAS thread on every core
        self._hann = np.hanning(FFT + 1)[:-1].astype(np.float32)
        self.multilingual: bool = self._whisper.is_multilingual
        tag = language.split("-")[0].lower().replace("iw", "he")
        start = ["<|startoftranscript|>"]
        if self.multilingual:
            start += [f"<|{tag}|>", "<|transcribe|>"]
        self._prompt = [self._tokens.token_to_id(token) for token in (*start, "<|notimestamps|>")]

    def transcribe(self, pcm: bytes) -> str:
        """The words in `pcm` (8 kHz, 16 bit, mono), "" when there are none to be sure of. Blocks; what is longer
        than 30 s is cut."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        if not samples.size:
            return ""
        wide = soxr.resample(samples, PHONE_HZ, WHISPER_HZ)[: FULL_WINDOW_S * WHISPER_HZ - FFT]
        features = self._log_mel(wide)
        seconds = wide.size / WHISPER_HZ
        window_s = WINDOW_S if features.shape[1] <= WINDOW_S * 100 else FULL_WINDOW_S
        text = self._read(features, seconds, window_s)
        if (repeats(text) or said_twice(text)) and window_s < FULL_WINDOW_S:
            text = self._read(features, seconds, FULL_WINDOW_S)
        return "" if repeats(text) else text

    def _log_mel(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Whisper's features: (mels, frames of 10 ms)."""
        padded = np.pad(np.pad(samples, (0, FFT)), FFT // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[:-1:FRAME]
        power = np.abs(np.fft.rfft(frames * self._hann, axis=1)) ** 2
        mel = np.log10(np.maximum(self._mel @ power.T.astype(np.float32), 1e-10))
        features: NDArray[np.float32] = (np.maximum(mel, mel.max() - 8.0) + 4.0) / 4.0
        return features

    def _read(self, features: NDArray[np.float32], seconds: float, window_s: int) -> str:
        frames = window_s * WHISPER_HZ // FRAME
        silence = features.max() - 2.0  # what the log-mel of digital silence is clamped to
        window = np.full((1, features.shape[0], frames), silence, np.float32)
        window[0, :, : features.shape[1]] = features[:, :frames]
        encoded = self._whisper.encode(self._view.from_array(window))
        result = self._whisper.generate(
            encoded, [self._prompt], beam_size=BEAM, sampling_temperature=0,
            max_length=len(self._prompt) + TOKENS + int(TOKENS_PER_S * seconds),
            return_scores=True, return_no_speech_prob=True,
        )[0]  # fmt: skip
        text: str = self._tokens.decode(result.sequences_ids[0]).strip()
        weak = result.scores[0]
        if result.no_speech_prob > NO_SPEECH and weak < WEAK:
            return ""
        return "" if weak < INVENTED_WEAK and text.lower().strip(" .!?") in INVENTED else text


def repeats(text: str) -> bool:
    """Whether a text is the loop of a model that has lost its way, and not what a person says."""
    squeezed = text.encode()
    if len(squeezed) > 60 and len(squeezed) / len(zlib.compress(squeezed)) > COMPRESSES:
        return True
    words = re.findall(r"\w+", text.lower())
    for size in range(1, 7):
        for at in range(len(words) - size):
            run = 1
            while words[at + run * size : at + (run + 1) * size] == words[at : at + size]:
                run += 1
            if run >= (DIGIT_REPEATS if size == 1 and words[at].isdigit() else REPEATS):
                return True
    return False


def said_twice(text: str) -> bool:
    """The same four words or more, and again: people do say that, so it is only a reason to look again."""
    words = re.findall(r"\w+", text.lower())
    half = len(words) // 2
    return half >= 4 and words[:half] == words[half:]
