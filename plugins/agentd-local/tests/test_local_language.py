"""A recogniser that would be deaf on every call does not start."""

import pytest
from agentd_local import _stt

from agentd.config import Settings
from agentd.errors import ConfigError


def test_an_english_model_for_hebrew_calls_is_refused_at_start_with_a_cure() -> None:
    with pytest.raises(ConfigError, match="understands English only") as refused:
        _stt(Settings.of(language_code="he-IL"), "")
    assert "LANGUAGE_CODE=en-US" in refused.value.cure
