"""Human speech for measuring the ears: prompts and dictated phone numbers, clean and in noise, as a telephone has them.

Everything is seeded: the same recordings give the same calls. `Utterance.spans` is the truth, from the clean signal.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from speech_texts import DIGITS, HELD, PROMPTS

from agentd.audio.mulaw import encode
from agentd.audio.wav import read_wav

Wave = NDArray[np.float64]

RATE_HZ = 8000
FRAME = 160
SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
MUSIC = Path("/usr/share/asterisk/moh")
CURE = "apt-get install asterisk-core-sounds-en-wav asterisk-moh-opsound-wav"

NOISES = ("clean", "white", "babble", "music")
SNR_DB = 15.0
LEVEL_DBOV = (-32.0, -22.0)  # active speech on telephone lines: -26 is nominal (ITU-T P.56), callers differ by 10 dB
LINE_RMS = 4.0  # a quiet line is not digital silence
VOICED_DB = -35.0  # a millisecond of the clean signal counts as voiced down to this, against the active level
GAPS_MS = (80, 350)  # between dictated digits
NUMBERS = 60


@dataclass(frozen=True)
class Utterance:
    """One thing that a caller says. `wave`: clean, at its level, in int16 units, trimmed to its voiced part.
    `words`: (word, end in samples), spread over the voiced part by their length."""

    name: str
    text: str
    wave: Wave
    words: tuple[tuple[str, int], ...]

    @property
    def dictated(self) -> bool:
        return self.name.startswith("number-")


def missing() -> str:
    """Empty when the recordings are here, else the sentence that says how to get them."""
    here = (SOUNDS / "vm-intro.wav").is_file() and any(MUSIC.glob("*.wav"))
    return "" if here else f"no recordings of human speech on this machine. Cure: {CURE}"


def required() -> bool:
    """Whether the recordings have to be here (CI)."""
    return os.environ.get("AGENTD_REQUIRE_SPEECH") == "1"


@lru_cache(maxsize=1)
def prompts() -> tuple[Utterance, ...]:
    """Each prompt with its own pauses, at a level drawn for it. The ears were tuned on these."""
    rng = np.random.default_rng(1876)
    return tuple(_utterance(name, text, [_load(SOUNDS / f"{name}.wav")], [text], rng) for name, text in _table(PROMPTS))


@lru_cache(maxsize=1)
def held_prompts() -> tuple[Utterance, ...]:
    """The prompts that played no part in the tuning: shorter ones (half of them a single word), and longer ones in
    pieces of 4 to 10 seconds that end in one of their pauses."""
    rng = np.random.default_rng(1922)
    out = []
    for name, text in _table(HELD):
        wave = _load(SOUNDS / f"{name}.wav")
        pieces = _pieces(wave)
        words = text.split()
        for i, (begin, end) in enumerate(pieces):
            share = " ".join(words[begin * len(words) // len(wave) : end * len(words) // len(wave)]) or words[-1]
            out.append(_utterance(f"{name}-{i}", share, [wave[begin:end]], [share], rng))
    return tuple(out)


@lru_cache(maxsize=2)
def numbers(seed: int = 972) -> tuple[Utterance, ...]:
    """Phone numbers, dictated digit by digit; Israeli and American ones by turns."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(NUMBERS):
        tail = "".join(str(d) for d in rng.integers(0, 10, 8 if i % 2 == 0 else 7))
        number = f"05{tail}" if i % 2 == 0 else f"{rng.integers(2, 10)}{rng.integers(10, 90)}{tail}"
        pieces: list[Wave] = []
        for digit in number:
            pieces += [_trim(_load(SOUNDS / "digits" / f"{digit}.wav")), np.zeros(int(rng.integers(*GAPS_MS) * 8))]
        spoken = [DIGITS[int(d)] for d in number]
        out.append(_utterance(f"number-{number}", " ".join(spoken), pieces[:-1], spoken, rng))
    return tuple(out)


@lru_cache(maxsize=8)
def noise(kind: str) -> Wave:
    """A minute of noise with RMS 1; "clean" is nothing."""
    length = 60 * RATE_HZ
    rng = np.random.default_rng(15)
    if kind == "clean":
        return np.zeros(length)
    if kind == "white":
        wave = rng.normal(0, 1, length)
    elif kind == "babble":
        wave = np.zeros(length)
        for _ in range(8):  # eight people at other tables
            order = rng.permutation(len(prompts()))
            one = np.concatenate([_scaled(prompts()[i].wave, 1.0) for i in order[:40]])[:length]
            wave[: len(one)] += one * 10 ** (rng.uniform(-3, 3) / 20)
    else:
        whole = np.concatenate([_load(path)[: 20 * RATE_HZ] for path in sorted(MUSIC.glob("*.wav"))])
        wave = whole[:length]
    return _scaled(wave, 1.0)


def coded(clean: Wave, kind: str, level_rms: float, seed: int) -> bytes:
    """A line's mu-law: the clean signal, the noise `SNR_DB` under `level_rms`, the line's own hiss."""
    rng = np.random.default_rng(seed)
    at = int(rng.integers(0, 60 * RATE_HZ))
    under = np.resize(np.roll(noise(kind), -at), len(clean)) * level_rms * 10 ** (-SNR_DB / 20)
    line = clean + under + rng.normal(0, LINE_RMS, len(clean))
    return encode(np.rint(line).clip(-32768, 32767).astype("<i2").tobytes())


def active_rms(wave: Wave) -> float:
    """The level of the speech itself: frames within 25 dB of the loudest."""
    frames = wave[: len(wave) // FRAME * FRAME].reshape(-1, FRAME)
    power = (frames**2).mean(axis=1)
    return float(np.sqrt(power[power > power.max() * 10**-2.5].mean()))


def _utterance(name: str, text: str, pieces: list[Wave], words: list[str], rng: np.random.Generator) -> Utterance:
    target = 32768 * 10 ** (rng.uniform(*LEVEL_DBOV) / 20)
    wave = _trim(np.concatenate(pieces))
    wave = wave * (target / active_rms(wave))
    if len(pieces) == 1:
        return Utterance(name, text, wave, _spread(text.split(), wave))
    ends, at = [], 0
    for i, piece in enumerate(pieces):
        at += len(piece)
        if i % 2 == 0:
            ends.append(at)
    return Utterance(name, text, wave, tuple(zip(words, ends, strict=True)))


def _table(text: str) -> list[list[str]]:
    return [entry.split(": ", 1) for entry in text.replace("\n    ", " ").strip().splitlines()]


def _pieces(wave: Wave) -> list[tuple[int, int]]:
    """Cut a long recording, in samples, at the longest pause 4 to 10 seconds after the last cut."""
    cuts = [0]
    silent = ~_voiced(wave)
    run = np.zeros(len(silent), int)
    for ms in range(1, len(silent)):
        run[ms] = run[ms - 1] + 1 if silent[ms] else 0
    while len(wave) - cuts[-1] > 12 * RATE_HZ:
        begin = cuts[-1] // 8
        within = run[begin + 4000 : begin + 10000]
        longest = begin + 4000 + int(np.argmax(within))
        cuts.append((longest - run[longest] // 2) * 8)
    return list(zip(cuts, [*cuts[1:], len(wave)], strict=True))


def _spread(words: list[str], wave: Wave) -> tuple[tuple[str, int], ...]:
    """Give every word its share, by letters, of the voiced milliseconds."""
    voiced = np.cumsum(_voiced(wave))
    letters = np.cumsum([len(word) for word in words])
    ends = np.searchsorted(voiced, letters / letters[-1] * voiced[-1]) * 8
    return tuple(zip(words, (min(int(e) + 8, len(wave)) for e in ends), strict=True))


def _voiced(wave: Wave) -> NDArray[np.bool_]:
    """Whether each millisecond is voiced, by the 10 ms around it."""
    power = np.convolve((wave[: len(wave) // 8 * 8].reshape(-1, 8) ** 2).mean(axis=1), np.ones(10) / 10, "same")
    return power > (active_rms(wave) * 10 ** (VOICED_DB / 20)) ** 2


def _trim(wave: Wave) -> Wave:
    heard = np.flatnonzero(_voiced(wave))
    return wave[heard[0] * 8 : (heard[-1] + 1) * 8]


def _scaled(wave: Wave, rms: float) -> Wave:
    return wave * (rms / np.sqrt((wave**2).mean()))


@lru_cache(maxsize=64)
def _load(path: Path) -> Wave:
    return np.frombuffer(read_wav(path), "<i2").astype(np.float64)
