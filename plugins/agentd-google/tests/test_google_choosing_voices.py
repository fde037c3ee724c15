"""Which of the listed voices is taken."""

from __future__ import annotations

import pytest
from agentd_google.voices import FAMILIES, GoogleVoice, choose, family_of

LISTED = (
    ("he-IL-Standard-A", ("he-IL",)),
    ("he-IL-Wavenet-D", ("he-IL",)),
    ("he-IL-Wavenet-C", ("he-IL",)),
    ("en-US-Neural2-A", ("en-US",)),
    ("en-US-Chirp3-HD-Kore", ("en-US",)),
    ("en-GB-Studio-B", ("en-GB",)),
    ("Achernar", ("en-US",)),
)
CHIRP = ("he-IL-Chirp3-HD-Aoede", ("he-IL",))


@pytest.mark.parametrize(
    ("language", "wanted", "name"),
    [
        ("he-IL", (), "he-IL-Wavenet-C"),
        ("iw-IL", (), "he-IL-Wavenet-C"),
        ("he-IL", ("", ""), "he-IL-Wavenet-C"),
        ("he-IL", ("he-il-standard-a",), "he-IL-Standard-A"),
        ("he-IL", ("Standard",), "he-IL-Standard-A"),
        ("he-IL", ("D",), "he-IL-Wavenet-D"),
        ("he-IL", ("en-US-Neural2-A",), "he-IL-Wavenet-C"),
        ("he-IL", ("alloy", "Standard"), "he-IL-Standard-A"),
        ("en-US", (), "en-US-Chirp3-HD-Kore"),
        ("en-US", ("Chirp3-HD",), "en-US-Chirp3-HD-Kore"),
        ("en", ("Studio",), "en-GB-Studio-B"),
    ],
)
def test_the_wanted_one_if_it_is_there_else_the_best(language: str, wanted: tuple[str, ...], name: str) -> None:
    assert choose(LISTED, language, wanted).name == name


def test_a_better_voice_is_taken_when_google_has_one() -> None:
    chosen = choose((*LISTED, CHIRP), "he-IL")
    assert (chosen.name, chosen.language, chosen.family.streams) == ("he-IL-Chirp3-HD-Aoede", "he-IL", True)


def test_without_a_voice_for_the_language_google_chooses() -> None:
    assert choose(LISTED, "fr-FR", ("he-IL-Wavenet-C",)) == GoogleVoice("fr-FR")
    assert choose((), "he-IL") == GoogleVoice("he-IL")


def test_the_language_of_a_voice_is_the_one_google_lists() -> None:
    assert choose((("iw-IL-Wavenet-A", ("iw-IL",)),), "he-IL") == GoogleVoice("iw-IL", "iw-IL-Wavenet-A")


def test_a_family_is_known_by_name_and_a_new_one_is_asked_for_everything() -> None:
    assert [family_of(f"he-IL-{family.name}-X") for family in FAMILIES] == list(FAMILIES)
    new = family_of("he-IL-Chirp9-A")
    assert (new.streams, new.rate, new.pitch) == (False, True, True)
