"""The system text holds the rules and the playbook, and leaves the conversation its share of the budget."""

from dataclasses import dataclass

import pytest

from agentd.agents.playbook_file import load_playbook, shipped_playbooks
from agentd.agents.prompting import system_prompt


@dataclass(frozen=True)
class Shape:
    llm_target_style: str = "warm_helpful"
    llm_max_chars: int = 420


def tokens(text: str) -> int:
    """Rather too many than too few: 4 characters a token in Latin script, 2 in Hebrew."""
    latin = sum(char.isascii() for char in text)
    return latin // 4 + (len(text) - latin) // 2


@pytest.mark.parametrize("name", shipped_playbooks())
def test_the_system_text_of_a_shipped_playbook_is_under_700_tokens(name: str) -> None:
    assert tokens(system_prompt(load_playbook(name, "he-IL"), Shape())) < 700


def test_it_names_language_style_limits_slots_and_examples() -> None:
    playbook = load_playbook("receptionist-he", "he-IL")
    text = system_prompt(playbook, Shape(llm_max_chars=123))
    assert "Speak Hebrew only" in text
    assert "warm and helpful" in text
    assert "123 characters" in text
    for slot in playbook.slots:
        assert slot.question in text
    assert all(agent in text for _, agent in playbook.examples)


def test_the_same_input_gives_the_same_text() -> None:
    playbook = load_playbook("receptionist-en", "en-US")
    assert system_prompt(playbook, Shape()) == system_prompt(playbook, Shape())
