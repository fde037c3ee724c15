"""A turn of a long call costs what one of a short call does: its new lines, and nothing of the old ones."""

from __future__ import annotations

from datetime import date

import pytest

from agentd.agents.playbook_file import load_playbook
from agentd.core.history import MAX_ENTRIES, History
from agentd.core.slots import Tracker
from agentd.core.slots.replay import Dialogue
from agentd.core.slots.tracker import KEPT
from agentd.core.slots.twin import twin
from agentd.core.slots.words import REMEMBERED, plain, words

TODAY = date(2026, 11, 23)
ESTATE = load_playbook("realestate-en", "")


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every line that a tracker reads."""
    read: list[str] = []
    caller, agent = Dialogue.caller, Dialogue.agent

    def noted_caller(dialogue: Dialogue, text: str) -> None:
        read.append(text)
        caller(dialogue, text)

    def noted_agent(dialogue: Dialogue, text: str) -> None:
        read.append(text)
        agent(dialogue, text)

    monkeypatch.setattr(Dialogue, "caller", noted_caller)
    monkeypatch.setattr(Dialogue, "agent", noted_agent)
    return read


def test_each_line_is_read_once_however_long_the_call_and_often_the_question(replayed: list[str]) -> None:
    tracker, history, said = Tracker(ESTATE, TODAY), History(), []
    for turn in range(MAX_ENTRIES):  # the oldest lines are gone from the middle on
        history.caller(turn, f"caller {turn}")
        for _ in range(3):  # the prompt, the governor, the next question
            tracker.understand(history.messages())
        history.agent(turn, f"agent {turn}", cut=turn % 7 == 0)
        known = tracker.understand(history.messages())
        assert tracker.known() is known
        said += [f"caller {turn}", f"agent {turn}" + (" —" if turn % 7 == 0 else "")]
    assert replayed == said
    assert len(tracker._states) == KEPT
    assert not tracker._notes


def test_a_guess_that_comes_to_other_words_costs_its_line(replayed: list[str]) -> None:
    tracker, history = Tracker(ESTATE, TODAY), History()
    history.caller(1, "hello")
    for words_so_far in ("two", "two and", "two and a half million"):
        tracker.understand(history.messages(words_so_far))
    assert replayed == ["hello", "two", "two and", "two and a half million"]


def test_an_entry_is_the_same_message_each_time() -> None:
    history = History()
    history.caller(1, "hello")
    history.agent(1, "Hello, how can", cut=True)
    first, again = history.messages(), history.messages()
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert first[1].text == "Hello, how can —"
    history.correct_last("hello there")
    assert history.messages()[0].text == "hello there"


def test_going_on_from_a_twin_leaves_the_other_alone() -> None:
    tracker = Tracker(ESTATE, TODAY)
    one = tracker.dialogue
    other = twin(one)
    assert other == one
    assert other is not one
    other.heard = "something else"
    assert one.heard == ""


def test_the_texts_that_are_remembered_are_bounded() -> None:
    for n in range(REMEMBERED + 10):
        plain(f"line {n}")
    assert words.cache_info().currsize <= REMEMBERED
    assert plain.cache_info().currsize <= REMEMBERED
