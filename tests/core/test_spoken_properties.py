"""What holds for spoken text whatever the model writes: no digit is left, prose is untouched, twice changes nothing."""

from __future__ import annotations

import re
from datetime import date as Date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.core.spoken import spoken
from agentd.core.spoken.dates import EN_MONTHS, HE_MONTHS
from agentd.core.spoken.numbers_en import cardinal as english_cardinal
from agentd.core.spoken.numbers_he import before_noun, cardinal

PIECES = [
    *"אבגדהוזחטילמנסעפצקרשתםןףץ 0123456789.,:/-–+*#_`~()[]<>{}\"'₪$%|\n@°½²×&=!?;abmkpstx",
    'ש"ח', "ב-", "ה-", " שעות", " חדרים", "http://", "www.", "a.co", " a.m.", "Dr.", "St.", "יום א'", "\u200f", "😀",
    'ד"ר', 'מ"ר', " מיליון", "10:30", "22.11", "050-1234567", " בנובמבר", "Nov ", "קוד ", "1/2", "%", " עד ", " או ",
]  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
LANGUAGES = st.sampled_from(["he-IL", "iw", "en-US", "en-GB", "fr-FR", ""])
HEBREW_WORDS = st.text(alphabet="אבגדהוזחטיכלמנסעפצקרשתםןףץך", min_size=1, max_size=9)
ENGLISH_WORDS = st.from_regex(r"[A-Z]?[a-z]{1,9}(?:'[a-z])?", fullmatch=True)
SENTENCES = st.one_of(
    *(
        st.lists(st.tuples(words, st.sampled_from(["", "", "", ",", "?", "!", " -"])), min_size=1, max_size=12)
        for words in (HEBREW_WORDS, ENGLISH_WORDS)
    )
)


@settings(max_examples=600, deadline=None)
@given(ANY_TEXT, LANGUAGES)
def test_any_text_is_taken_and_its_words_are_left_as_they_are(text: str, language: str) -> None:
    words = spoken(text, language)
    assert spoken(words, language) == words


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT, st.sampled_from(["he", "en"]))
def test_no_digit_mark_or_double_space_reaches_a_voice(text: str, language: str) -> None:
    words = spoken(text, language)
    assert not re.search(r"\d|[*#_`~|<>\[\]{}()\\/@₪$€%\u200f\ue000\ue001]|\s\s|\n", words)
    assert words == words.strip()


@settings(max_examples=300, deadline=None)
@given(SENTENCES, st.sampled_from(["he-IL", "en-US"]))
def test_prose_keeps_every_letter(sentence: list[tuple[str, str]], language: str) -> None:
    text = " ".join(word + stop for word, stop in sentence)
    letters = re.sub(r"[^\w']", "", text)
    assert re.sub(r"[^\w']", "", spoken(text, language)) == letters


@given(st.integers(0, 10**15 - 1), st.booleans())
def test_a_number_never_says_two_conjunctions_in_one_word_nor_a_digit(n: int, masculine: bool) -> None:
    words = cardinal(n, masculine).split()
    assert words
    assert all(re.fullmatch(r"[א-ת]+", word) and not word.startswith("וו") for word in words)


@pytest.mark.parametrize("masculine", [True, False])
def test_every_number_has_words_of_its_own(masculine: bool) -> None:
    numbers = [*range(3000), *range(3000, 3_000_000, 997)]
    assert len({cardinal(n, masculine) for n in numbers}) == len(numbers)
    assert len({english_cardinal(n) for n in numbers}) == len(numbers)


@given(st.integers(3, 10))
def test_gender_changes_three_to_ten(n: int) -> None:
    masculine, feminine = before_noun(n, True), before_noun(n, False)
    assert (masculine == feminine) == (n == 8)
    assert before_noun(n, True, definite=True).endswith("ת")


@given(st.integers(0, 23), st.integers(0, 59))
def test_every_hour_of_the_day_is_spoken(hour: int, minute: int) -> None:
    for language in ("he-IL", "en-US"):
        words = spoken(f"{hour}:{minute:02}", language)
        assert words
        assert ":" not in words


@given(st.dates(min_value=Date(1900, 1, 1), max_value=Date(2099, 12, 31)))
def test_every_date_names_its_month(date: Date) -> None:
    day, month, year = date.day, date.month, date.year
    assert f"ב{HE_MONTHS[month - 1]}" in spoken(f"{day}/{month}/{year}", "he-IL")
    assert EN_MONTHS[month - 1] in spoken(f"{month}/{day}/{year}", "en-US")


@pytest.mark.parametrize(
    "text", [" " * 5000, "*" * 5000, "1-" * 3000, "א'" * 3000, "(" * 5000, "9" * 5000, "a@" * 3000]
)
def test_a_flood_of_one_sign_is_taken(text: str) -> None:
    for language in ("he", "en"):
        assert not re.search(r"\d", spoken(text, language))


def test_a_language_of_its_own_keeps_its_figures() -> None:
    assert spoken("**Prix**: 20 € 😀 (voir https://example.com/x)", "fr-FR") == "Prix: 20 €, voir"
