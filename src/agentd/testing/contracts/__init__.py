"""Suites that every engine, guard and office must pass: subclass, give a factory, inherit the tests.

    class TestBeeps(TTSContract):
        def make(self) -> TTS:
            return Beeps()

They run in virtual time. An engine that uses threads says `virtual = False` and, if it is slow, a longer `patience_s`.
"""

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{part}" for part in ("base", "stt", "llm", "tts", "guard", "vad", "store", "office", "ledger"))
)

from agentd.testing.contracts.fake_call import FakeCall  # noqa: E402
from agentd.testing.contracts.guard import GuardContract  # noqa: E402
from agentd.testing.contracts.ledger import LedgerContract  # noqa: E402
from agentd.testing.contracts.llm import LLMContract, LLMFailureContract  # noqa: E402
from agentd.testing.contracts.office import (  # noqa: E402
    CalendarContract,
    CrmContract,
    FilesContract,
    MessageLogContract,
)
from agentd.testing.contracts.store import StoreContract  # noqa: E402
from agentd.testing.contracts.stt import STTContract, STTFailureContract  # noqa: E402
from agentd.testing.contracts.tts import TTSContract, TTSFailureContract  # noqa: E402
from agentd.testing.contracts.vad import VADContract  # noqa: E402

__all__ = [
    "CalendarContract",
    "CrmContract",
    "FakeCall",
    "FilesContract",
    "GuardContract",
    "LLMContract",
    "LLMFailureContract",
    "LedgerContract",
    "MessageLogContract",
    "STTContract",
    "STTFailureContract",
    "StoreContract",
    "TTSContract",
    "TTSFailureContract",
    "VADContract",
]
