"""The example passes the suite that every voice passes, and is found by its name."""

from __future__ import annotations

import inspect
from pathlib import Path

import agentd_example_engine
import pytest
from agentd_example_engine import beeps
from agentd_example_engine.beeps import Beeps

from agentd.config import Settings
from agentd.engines import TTS
from agentd.errors import ConfigError
from agentd.plugins import Plugins
from agentd.testing.contracts import TTSContract


class TestBeeps(TTSContract):
    def make(self) -> TTS:
        return Beeps("")


def test_agentd_finds_it_by_its_name() -> None:
    engine = Plugins.load(Settings.of(plugins="example")).tts("beeps:880")
    assert isinstance(engine, Beeps)
    assert engine.pitch_hz == 880


def test_a_pitch_that_is_no_number_is_an_error_with_a_cure() -> None:
    with pytest.raises(ConfigError, match="write beeps or beeps:880"):
        Beeps("high")


def test_the_page_for_authors_shows_this_very_engine() -> None:
    page = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert inspect.getsource(beeps) in page
    assert inspect.getsource(agentd_example_engine) in page
