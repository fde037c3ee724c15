"""What `agentd check` says of the offline engines: where the models are, and what they cannot do.

Only files and package metadata are looked at; no model is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from agentd.errors import ConfigError
from agentd_local.models import HEBREW_WHISPER, find_voice, find_whisper

Row = tuple[str, bool, str]
_HEBREW_EARS = f"for Hebrew: STT_ENGINE=local:{HEBREW_WHISPER} (1.6 GB, wants a GPU or patience) or a cloud recogniser"
_HEBREW_VOICE = "for Hebrew: TTS_ENGINE=local:/path/to/he_IL-VOICE.onnx (a piper voice) or a cloud voice"


class Chosen(Protocol):
    """The settings that are read here."""

    @property
    def language_code(self) -> str: ...
    @property
    def stt_engine(self) -> tuple[str, ...]: ...
    @property
    def tts_engine(self) -> tuple[str, ...]: ...
    @property
    def tts_pitch(self) -> float: ...


def rows(config: Chosen) -> Iterator[Row]:
    """(what, fine, sentence) for each engine of this plugin that the settings choose."""
    language = config.language_code.split("-")[0].lower()
    for argument in _arguments(config.stt_engine):
        yield from _whisper(argument, language)
    for argument in _arguments(config.tts_engine):
        yield from _voice(argument, language, config.tts_pitch)


def _arguments(chain: tuple[str, ...]) -> Iterator[str]:
    for entry in chain:
        name, _, argument = entry.partition(":")
        if name == "local":
            yield argument


def _whisper(argument: str, language: str) -> Iterator[Row]:
    try:
        model = find_whisper(argument)
    except ConfigError as error:
        yield "recogniser local", False, str(error)
        return
    if isinstance(model, str):
        yield "recogniser local", True, f"{model}, fetched from the model hub at the first start"
        return
    yield "recogniser local", True, str(model)
    if language != "en" and not _multilingual(model):
        yield "recogniser language", False, f"this model understands English only; {_hint(language, _HEBREW_EARS)}"


def _voice(argument: str, language: str, pitch: float) -> Iterator[Row]:
    try:
        voice = find_voice(argument)
    except ConfigError as error:
        yield "voice local", False, str(error)
        return
    yield "voice local", True, str(voice)
    spoken = voice_language(voice)
    if spoken != language and language in ("he", "iw"):
        yield "voice language", False, f"this voice speaks {spoken}: Hebrew will have a heavy accent; {_HEBREW_VOICE}"
    elif spoken != language:
        yield "voice language", False, f"this voice speaks {spoken}, not {language}; choose another voice or engine"
    if pitch:
        yield "voice pitch", True, f"TTS_PITCH={pitch:g} has no effect: piper cannot shift pitch"


def voice_language(voice: Path) -> str:
    """The language tag ("en") of a piper voice, from its JSON; "" when it does not say."""
    config = json.loads(voice.with_name(voice.name + ".json").read_text("utf-8"))
    tag = config.get("language", {}).get("family") or config.get("espeak", {}).get("voice", "")
    return str(tag).split("-")[0].replace("iw", "he")


def _multilingual(model: Path) -> bool:
    """A multilingual vocabulary has the language tokens; the English-only one lacks them."""
    tokens = json.loads((model / "tokenizer.json").read_text("utf-8")).get("added_tokens", [])
    ids = {token["content"]: token["id"] for token in tokens}
    return bool(ids.get("<|startoftranscript|>", 0) == 50258)  # 50257 in English-only models (OpenAI's numbering)


def _hint(language: str, hebrew: str) -> str:
    return hebrew if language in ("he", "iw") else "choose another model or another engine"
