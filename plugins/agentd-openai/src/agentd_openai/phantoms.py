"""Whisper's inventions: what it "hears" in silence, breath and hum, told from what people say. Pure.

Trained on subtitles, it fills silence with their last lines. Some of these nobody says to a telephone: they never
count. Others ("תודה") are words like any: they are dropped only where there was next to nothing to hear.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np

FAINT_RMS = (
    120  # of the loudest 100 ms, int16 (-49 dBFS): under any speech that the level control has been over (guess)
)
SHORT_VOICE_MS = 200  # "תודה" takes 350 ms; two pieces of 100 ms with voice in them may be one click
MOST_CHARS_PER_S = 30  # the fastest speakers reach 22 in English; beyond it, it is not from this recording
GRACE_CHARS = 20
LOOP_WORDS = 8  # a text that says ...
LOOP_TIMES = 4  # ... nothing but the same few words, so often

_NEVER_SAID = frozenset(
    {
        "thanks for watching",
        "thank you for watching",
        "thank you so much for watching",
        "please subscribe",
        "please subscribe to my channel",
        "like and subscribe",
        "dont forget to subscribe",
        "subtitles by the amaraorg community",
        "transcription by castingwords",
        "תודה על הצפייה",
        "תודה שצפיתם",
        "תודה רבה על הצפייה",
        "תודה רבה שצפיתם",
        "כתוביות על ידי קהילת amaraorg",
        "הירשמו לערוץ",
        "תרגום וכתוביות",
    }
)
_SELDOM_SAID = frozenset(
    {
        "thank you",
        "thank you very much",
        "thanks",
        "you",
        "bye",
        "bye bye",
        "okay",
        "so",
        "the end",
        "תודה",
        "תודה רבה",
        "תודה רבה לכם",
        "להתראות",
        "ביי",
        "אוקיי",
        "שלום",
        "סוף",
    }
)
_NUMBER = re.compile(r"\d+")


def nothing_to_hear(pcm: bytes, voiced_ms: int, rate_hz: int = 8000) -> bool:
    """Is it not worth a request: shorter than 0.1 s (which the server refuses), or all but silent?"""
    return voiced_ms <= 0 or len(pcm) < rate_hz // 10 * 2 or loudest(pcm, rate_hz) < FAINT_RMS / 4


def believable(text: str, pcm: bytes, voiced_ms: int, rate_hz: int = 8000) -> str:
    """`text` with single spaces, or "" if the recording cannot have held it."""
    text = " ".join(text.split())
    words = _plain(text).split()
    said = " ".join(words)
    if not words or said in _NEVER_SAID:
        return ""
    faint = voiced_ms <= SHORT_VOICE_MS or loudest(pcm, rate_hz) < FAINT_RMS
    if faint and said in _SELDOM_SAID:
        return ""
    if len(text) > GRACE_CHARS + MOST_CHARS_PER_S * len(pcm) / (2 * rate_hz):
        return ""
    return "" if _loops(words) else text


def loudest(pcm: bytes, rate_hz: int = 8000) -> float:
    """RMS of the loudest 100 ms, int16 units."""
    samples = np.frombuffer(pcm, "<i2", count=len(pcm) // 2).astype(np.float32)
    window = rate_hz // 10
    if samples.size < window:
        return float(np.sqrt(np.square(samples).mean())) if samples.size else 0.0
    whole = samples[: samples.size // window * window].reshape(-1, window)
    return float(np.sqrt(np.square(whole).mean(axis=1).max()))


def _loops(words: list[str]) -> bool:
    """The same few words over and over. Digits repeat in numbers that people dictate: they do not count."""
    spoken = [word for word in words if not _NUMBER.fullmatch(word)]
    return len(spoken) >= LOOP_WORDS and len(spoken) >= LOOP_TIMES * len(set(spoken))


def _plain(text: str) -> str:
    """Small letters, digits and spaces only; vowel points and accents go."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c if c.isalnum() else " " if c.isspace() or c in "-–—/" else "" for c in apart)
