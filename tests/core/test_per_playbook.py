"""What is worked out once for all calls of a playbook."""

from __future__ import annotations

from dataclasses import replace

from agentd.agents.playbook_file import load_playbook
from agentd.core.per_playbook import MOST, PerPlaybook
from agentd.core.playbook import Playbook

ENGLISH = load_playbook("receptionist-en", "")


def test_it_is_made_once_for_a_playbook_and_what_is_beside_it() -> None:
    made: list[tuple[str, int]] = []

    def make(playbook: Playbook, hour: int) -> str:
        made.append((playbook.persona, hour))
        return f"{playbook.persona} {hour}"

    text = PerPlaybook(make)
    assert {text(ENGLISH, 10) for _ in range(3)} == {f"{ENGLISH.persona} 10"}
    assert text(ENGLISH, 11) == f"{ENGLISH.persona} 11"
    assert made == [(ENGLISH.persona, 10), (ENGLISH.persona, 11)]


def test_another_playbook_never_gets_the_text_of_one_that_is_gone() -> None:
    text = PerPlaybook(lambda playbook: playbook.persona)
    for n in range(100):  # each at the address of the one before, if that one were let go
        assert text(replace(ENGLISH, persona=f"persona {n}")) == f"persona {n}"


def test_only_the_last_are_kept() -> None:
    made: list[int] = []
    number = PerPlaybook(lambda playbook, n: made.append(n))
    for n in range(MOST + 1):
        number(ENGLISH, n)
    number(ENGLISH, MOST)
    number(ENGLISH, 0)
    assert made == [*range(MOST + 1), 0]
    assert len(number._made) == MOST
