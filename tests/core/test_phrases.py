"""Tokens in, speakable phrases out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.core.phrases import MAX_CHARS, Phrases


def phrases(text: str, step: int = 3) -> list[str]:
    p = Phrases()
    out = []
    for i in range(0, len(text), step):
        out += p.feed(text[i : i + step])
    return out + p.rest()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Sure. When would suit you?", ["Sure.", "When would suit you?"]),
        ("It costs 3.5 shekels. Fine?", ["It costs 3.5 shekels.", "Fine?"]),
        ("Dr. Levi is in at 10 a.m. on Monday.", ["Dr. Levi is in at 10 a.m. on Monday."]),
        ("שלום! מה שמך?", ["שלום!", "מה שמך?"]),
        ("I can certainly do that, and the day after too.", ["I can certainly do that,", "and the day after too."]),
        ("Well, yes.", ["Well, yes."]),
        ("One sentence here. A second, with several commas, stays whole.", None),
        ("...", []),
        ("  \n ", []),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("line one\nline two", ["line one", "line two"]),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_sentence_is_a_phrase_and_only_the_first_may_end_at_a_comma(
    text: str, wanted: list[str] | None, step: int
) -> None:
    if wanted is None:
        wanted = ["One sentence here.", "A second, with several commas, stays whole."]
    assert phrases(text, step) == wanted


def test_the_first_sentence_is_out_before_the_second_has_begun() -> None:
    p = Phrases()
    assert p.feed("How are you?") == ["How are you?"]
    assert p.feed(" I am well.") == []
    assert p.feed(" ") == ["I am well."]


def test_a_reply_without_end_is_cut_into_pieces_that_a_voice_can_take() -> None:
    out = phrases("word " * 200)
    assert all(len(x) <= MAX_CHARS for x in out)
    assert " ".join(out).split() == ["word"] * 200


@given(st.text(alphabet="ab .,?!\n-שלום3", max_size=300), st.integers(1, 40))
def test_no_letter_is_lost_or_doubled_however_the_tokens_fall(text: str, step: int) -> None:
    def letters(s: str) -> str:
        return "".join(c for c in s if c.isalnum())

    assert letters("".join(phrases(text, step))) == letters(text)
