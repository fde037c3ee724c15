"""`phrases` at the end of TTS_ENGINE says what is always so, and may be said."""

import pytest

from agentd.config import Settings
from agentd.errors import ConfigError
from agentd.resilience.chains import voices


def test_phrases_may_end_the_chain_and_nothing_else() -> None:
    assert voices(Settings.of(tts_engine="google,openai,phrases")) == ["google", "openai"]
    assert voices(Settings.of(tts_engine="google")) == ["google"]
    for wrong in ("phrases", "phrases,google"):
        with pytest.raises(ConfigError, match="needs voices"):
            voices(Settings.of(tts_engine=wrong))
