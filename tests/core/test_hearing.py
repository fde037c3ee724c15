"""Final, partial and end-of-utterance in every order: audio offsets decide."""

import pytest

from agentd.core.hearing import ASSUMED_LAG_MS, Hearing, News
from agentd.core.speech import Transcript


def partial(text: str, until_ms: int, from_ms: int = 0) -> Transcript:
    return Transcript(text, False, until_ms, from_ms)


def final(text: str, until_ms: int, from_ms: int = 0) -> Transcript:
    return Transcript(text, True, until_ms, from_ms)


P, F = partial, final


@pytest.mark.parametrize(
    ("results", "text", "until_ms"),
    [
        ([P("I", 300), P("I want", 600), P("I want a table", 900)], "I want a table", 900),
        ([P("I want", 600), F("I want a table", 900)], "I want a table", 900),
        ([F("I want", 600), P("a table", 900, 600)], "I want a table", 900),
        ([F("I want", 600), F("a table", 900, 600)], "I want a table", 900),
        ([F("I want", 600), F("I want a table", 900)], "I want a table", 900),  # a final for the whole span
        ([P("I want a cable", 900), P("I want a", 900), F("I want a table", 900)], "I want a table", 900),
        ([F("I want", 600), F("", 900, 600)], "I want", 600),
    ],
)
def test_the_open_words_are_the_finals_and_the_last_partial(
    results: list[Transcript], text: str, until_ms: int
) -> None:
    h = Hearing()
    for r in results:
        h.hear(r, 1000)
    assert (h.text, h.until_ms) == (text, until_ms)


def test_what_was_taken_is_not_heard_twice() -> None:
    h = Hearing()
    h.hear(partial("hello", 500), 500)
    assert h.take(520) == "hello"
    assert h.hear(partial("hello", 500), 600) is News.NOTHING
    assert h.hear(final("Hello.", 520), 700) is News.NOTHING
    assert h.text == ""


def test_a_late_final_that_says_something_else_is_a_correction_of_the_taken_turn() -> None:
    h = Hearing()
    h.hear(partial("a cable for two", 900), 900)
    h.take(900)
    assert h.hear(final("a table for two", 900), 1500) is News.CORRECTION
    assert h.taken_text == "a table for two"
    assert h.text == ""
    assert h.hear(final("a table for two", 900), 1600) is News.NOTHING


def test_a_late_final_corrects_only_its_own_part() -> None:
    h = Hearing()
    h.hear(final("my name is", 800), 800)
    h.hear(partial("Dana", 1200, 800), 1200)
    h.take(1200)
    assert h.hear(final("Donna", 1200, 800), 1900) is News.CORRECTION
    assert h.taken_text == "my name is Donna"


def test_words_of_the_next_turn_do_not_wait_for_the_late_final() -> None:
    h = Hearing()
    h.hear(partial("yes", 400), 400)
    h.take(420)
    h.hear(partial("and one more thing", 2000, 1000), 2000)
    assert h.hear(final("yes", 420), 2100) is News.NOTHING
    assert h.text == "and one more thing"


def test_a_segment_across_the_turn_boundary_gives_only_its_new_words() -> None:
    h = Hearing()
    h.hear(partial("I want a meeting", 1500), 1500)
    h.take(1500)
    h.hear(partial("I want a meeting tomorrow at ten", 3200), 3200)
    assert h.text == "tomorrow at ten"


def test_what_was_given_back_is_said_together_with_what_follows() -> None:
    h = Hearing()
    h.hear(final("my number is", 1500), 1500)
    h.take(1500)
    h.give_back()
    h.hear(partial("five five five", 3000, 1500), 3000)
    assert h.text == "my number is five five five"


def test_an_engine_without_offsets_is_taken_to_lag() -> None:
    h = Hearing()
    h.hear(Transcript("hello", False, None), 2000)
    assert h.until_ms == 2000 - ASSUMED_LAG_MS
