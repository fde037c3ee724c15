"""When the words of an utterance are taken, and which of them were heard before."""

import pytest

from agentd.config import Settings
from agentd.core.duplicates import Duplicates
from agentd.core.settling import Settled, Settling


@pytest.mark.parametrize(
    ("text", "covers_ms", "now_ms", "verdict"),
    [
        ("yes", 1000, 1450, Settled.WORDS),  # covers everything: at once
        ("yes", 990, 1450, None),
        ("yes", 990, 1690, Settled.WORDS),  # 240 ms after the end of utterance
        ("yes", 799, 1690, None),
        ("yes", 799, 2199, None),
        ("yes", 799, 2200, Settled.WORDS),  # 1.2 s after T1
        ("", 1000, 2199, None),
        ("", 1000, 2200, Settled.EMPTY),
    ],
)
def test_words_are_taken_when_they_cover_the_voice_or_when_waiting_longer_is_worse(
    text: str, covers_ms: int, now_ms: int, verdict: Settled | None
) -> None:
    settling = Settling(Settings.of())
    assert settling.verdict(text, covers_ms, now_ms) is None
    settling.start(1000, 1450)
    assert settling.verdict(text, covers_ms, now_ms) is verdict


def test_a_sentence_over_again_is_a_duplicate_unless_we_spoke_or_time_passed_or_it_is_short() -> None:
    d = Duplicates(Settings.of())
    assert not d.repeats("I want a table", 100.0, 0.0)
    assert d.repeats("I want a table.", 105.0, 90.0)
    assert not d.repeats("I want a table", 119.1, 90.0)  # DEDUP_WINDOW_SEC is 14
    assert not d.repeats("I want a table", 121.0, 120.0)  # we answered between
    assert not d.repeats("yes", 122.0, 90.0)
    assert not d.repeats("yes", 123.0, 90.0)
