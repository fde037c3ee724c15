"""Speech that sounds the same has no word errors between its spellings, and real differences are counted."""

import pytest

from agentd.testing.wer import normalise, word_errors


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ten thirty p.m.", "10:30 PM"),
        ("Call five five five, one two three four", "call 555-1234"),
        ("twenty-three", "23"),
        ("one hundred and twenty five thousand", "125,000"),
        ("oh five oh, one two", "050 12"),
        ("It's the twenty first.", "it is the 21st"),
        ("I don't know", "I do not know"),
        ("that costs $5", "That costs five dollars"),
        ("50 percent", "fifty %"),
        ("nineteen eighty four", "1984"),
        ("Press pound.", "press #"),
        ("O.K. Oh, yes", "o k oh yes"),
        ("שָׁלוֹם, מה נשמע?", "שלום מה נשמע"),
        ("one thousand one", "1001"),
        ("Dr. O'Neill can't", "doctor oneill cannot"),
    ],
)
def test_spellings_of_the_same_speech_are_equal(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert word_errors(one, other)[0] == 0


def test_each_kind_of_error_counts_once() -> None:
    assert word_errors("the cat sat", "the cat sat") == (0, 3)
    assert word_errors("the cat sat", "the bat sat") == (1, 3)
    assert word_errors("the cat sat", "the sat") == (1, 3)
    assert word_errors("the cat sat", "the cat has sat") == (1, 3)
    assert word_errors("", "thank you") == (2, 0)
    assert word_errors("hello there", "") == (2, 2)


def test_a_wrong_digit_is_one_error_among_seven() -> None:
    assert word_errors("five five five one two three four", "555-1235") == (1, 7)


def test_an_o_is_a_zero_only_beside_digits() -> None:
    assert normalise("oh no") == ["oh", "no"]
    assert normalise("one oh one") == ["1", "0", "1"]
