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


# --- overlong utterances (SPEC 2.5)

SO_FAR = [P("we are", 2000), P("we are looking for", 2900), P("we are looking for a flat", 4900)]


@pytest.mark.parametrize(
    ("later", "text"),
    [
        ([P("we are looking for a flat in Haifa", 6000)], "we are looking for a flat in Haifa"),
        # what was said before the dip stands
        ([P("we are cooking for a flat in Haifa", 6000)], "we are looking for a flat in Haifa"),
        # the recogniser's window has moved on, into the first part or past it
        ([P("looking for a flat in Haifa", 6000, 1500)], "we are looking for a flat in Haifa"),
        ([P("for a flat in", 6000, 2500), P("a flat in Haifa", 8000, 3000)], "we are looking for a flat in Haifa"),
        ([F("a flat in", 6000, 2900), P("Haifa", 7000, 6000)], "we are looking for a flat in Haifa"),
        # it has changed its mind about all of it
        ([P("he was cooking in a hat", 6000)], "he was cooking in a hat"),
        ([F("we were looking for a flat in Haifa", 6000)], "we were looking for a flat in Haifa"),
        # it says less than it had said: the first part stands all the same
        ([P("we are", 2900), P("we are looking", 2950)], "we are looking for"),
    ],
)  # fmt: skip
def test_an_overlong_utterance_keeps_its_words_up_to_the_last_dip_and_is_one_turn(
    later: list[Transcript], text: str
) -> None:
    h = Hearing()
    for r in SO_FAR:
        h.hear(r, r.until_ms or 0, dip_ms=3000)
    h.split()
    assert h.text == "we are looking for a flat"
    for r in later:
        h.hear(r, r.until_ms or 0, dip_ms=3000)
    assert h.text == text
    assert h.take(9000) == text
    assert h.text == ""


def test_without_a_dip_all_the_words_so_far_stand() -> None:
    h = Hearing()
    h.hear(P("we are looking for a flat", 4900), 4900, dip_ms=0)
    h.split()
    h.hear(P("in Haifa", 7000, 5000), 7000)
    assert h.text == "we are looking for a flat in Haifa"


def test_a_split_does_not_outlive_its_turn() -> None:
    h = Hearing()
    h.split()
    h.hear(P("we are looking", 4900), 4900)
    h.split()
    h.take(5000)
    h.hear(P("we are looking", 9000, 7000), 9000)
    assert h.text == "we are looking"


# --- duplicates of one utterance (SPEC 2.9)


@pytest.mark.parametrize(
    ("again", "voice_ms", "news", "text"),
    [
        # the same audio: whatever is said of it, it was one utterance
        (F("yes", 1000), 1000, News.NOTHING, ""),
        (P("yes please", 1000), 1000, News.NOTHING, ""),
        (F("yes", 1400, 200), 1000, News.NOTHING, ""),  # offsets that run over into the silence
        (F("less", 1000), 1000, News.CORRECTION, ""),
        # overlapping audio with voice after it: what is new in it
        (P("yes please", 1800), 1800, News.WORDS, "please"),
        (P("yes yes", 1800, 500), 1800, News.WORDS, "yes"),
        # audio of its own: the same word, a second time
        (F("yes", 3000, 2400), 3000, News.WORDS, "yes"),
        (F("yes", 1900, 1500), 1900, News.WORDS, "yes"),
    ],
)
def test_what_rests_on_audio_that_was_taken_counts_once(
    again: Transcript, voice_ms: int, news: News, text: str
) -> None:
    h = Hearing()
    h.hear(P("yes", 950), 1000, 1000)
    h.take(1000)
    assert h.hear(again, again.until_ms or 0, voice_ms) is news
    assert h.text == text
