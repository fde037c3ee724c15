"""The plugin as agentd meets it: its names, its factories, and what it says in `agentd check`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import agentd_local
import pytest
from agentd_local.accent import spell_figures
from agentd_local.check import rows
from agentd_local.models import find_voice, find_whisper

from agentd.config import Settings
from agentd.engines import LLM, STT, TTS
from agentd.errors import ConfigError


class Register:
    def __init__(self) -> None:
        self.engines: dict[str, Callable[[Settings, str], Any]] = {}

    def stt(self, name: str, factory: Callable[[Settings, str], STT]) -> None:
        self.engines[f"stt {name}"] = factory

    def llm(self, name: str, factory: Callable[[Settings, str], LLM]) -> None:
        self.engines[f"llm {name}"] = factory

    def tts(self, name: str, factory: Callable[[Settings, str], TTS]) -> None:
        self.engines[f"tts {name}"] = factory

    def vad(self, name: str, factory: object) -> None:
        raise AssertionError("it brings no detector")


@pytest.fixture
def engines() -> dict[str, Callable[[Settings, str], Any]]:
    register = Register()
    agentd_local.agentd_register_engines(register)
    return register.engines


def test_its_engines_have_the_names_of_the_settings(engines: dict[str, Callable[[Settings, str], Any]]) -> None:
    settings = Settings.of(language_code="en-US")
    assert set(engines) == {"stt local", "tts local", "llm rules"}
    assert isinstance(engines["stt local"](settings, ""), STT)
    assert isinstance(engines["tts local"](settings, ""), TTS)
    assert isinstance(engines["llm rules"](settings, ""), LLM)


@pytest.mark.parametrize(("engine", "key"), [("stt local", "STT_ENGINE"), ("tts local", "TTS_ENGINE")])
def test_a_model_that_is_not_there_is_a_config_error(
    engines: dict[str, Callable[[Settings, str], Any]], engine: str, key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        engines[engine](Settings.of(language_code="en-US"), "/no/such/model")
    assert caught.value.key == key
    assert caught.value.cure


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    code = (
        "import sys, agentd_local\n"
        "heavy = {'ctranslate2', 'faster_whisper', 'onnxruntime', 'piper', 'phonenumbers', 'rapidfuzz'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_check_finds_the_packaged_models() -> None:
    said = {what: (fine, text) for what, fine, text in rows(Settings.of(language_code="en-US", tts_pitch=0))}
    assert said == {
        "recogniser local": (True, str(find_whisper(""))),
        "voice local": (True, str(find_voice(""))),
    }


def test_check_says_what_hebrew_needs_and_that_there_is_no_pitch() -> None:
    said = {what: (fine, text) for what, fine, text in rows(Settings.of(language_code="he-IL", tts_pitch=-2))}
    assert said["recogniser language"][0] is False
    assert "ivrit-ai" in said["recogniser language"][1]
    assert said["voice language"][0] is False
    assert "he_IL" in said["voice language"][1]
    assert said["voice pitch"] == (True, "TTS_PITCH=-2 has no effect: piper cannot shift pitch")


def test_check_is_silent_about_engines_that_are_not_chosen() -> None:
    assert list(rows(Settings.of(stt_engine=("scripted",), tts_engine=("scripted",)))) == []


def test_check_names_what_is_missing(tmp_path: Path) -> None:
    settings = Settings.of(
        language_code="en-US",
        stt_engine=(f"local:{tmp_path}",),
        tts_engine=(f"local:{tmp_path / 'x.onnx'}",),
        tts_pitch=0,
    )
    assert [(what, fine) for what, fine, _ in rows(settings)] == [("recogniser local", False), ("voice local", False)]


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("054", "אפס חמש ארבע"),
        ("24 בנובמבר", "עשרים וארבע בנובמבר"),
        ("12", "שתים עשרה"),
        ("30", "שלושים"),
        ("אין מספרים", "אין מספרים"),
    ],
)
def test_figures_are_spelled_in_hebrew(text: str, spelled: str) -> None:
    assert " ".join(spell_figures(text).split()) == spelled
