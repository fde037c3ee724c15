"""docs/playbooks.md names every key, type and phrase, and its example of a dialogue can be played."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from agentd.agents.playbook_file import OPTIONAL_PHRASES, PHRASE_KEYS, SLOT_TYPES, load_playbook, shipped_playbooks
from agentd.core.playbook import Meetings, Playbook, Slot, Workflow
from agentd.core.workflows import EVENTS
from agentd.evals.run import check_names
from agentd.evals.script import parse_scripts, shipped_scripts

PAGE = (Path(__file__).parents[1] / "docs" / "playbooks.md").read_text("utf-8")


def test_every_key_type_and_phrase_is_on_the_page() -> None:
    keys = [field.name for kind in (Playbook, Slot, Meetings, Workflow) for field in dataclasses.fields(kind)]
    for word in (*keys, *SLOT_TYPES, *PHRASE_KEYS, *OPTIONAL_PHRASES, *EVENTS, *shipped_playbooks()):
        assert re.search(rf"[`\[]{re.escape(word)}[`\]]", PAGE), word


def test_the_example_of_a_dialogue_is_whole() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    [script] = parse_scripts(example, "docs/playbooks.md")
    check_names(script, load_playbook(script.playbook, ""))


def test_the_page_counts_the_shipped_dialogues() -> None:
    hebrew = sum(script.playbook.endswith("he") for script in shipped_scripts())
    assert f"{hebrew} dialogues in Hebrew, {len(shipped_scripts()) - hebrew} in English" in PAGE
