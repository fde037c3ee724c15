"""Shipped playbooks load whole; a wrong one is refused with file, key and cure."""

from pathlib import Path

import pytest

from agentd.agents.playbook_file import PHRASE_KEYS, SLOT_TYPES, load_playbook, parse_playbook, shipped_playbooks
from agentd.errors import ConfigError

PHRASES = "\n".join(f'{key} = ["one {key}", "two {key}"]' for key in PHRASE_KEYS)
SMALL = f"""
name = "small"
language = "en-US"
persona = "p"
greeting = "hi"
closing = "bye"
slots = [{{ name = "who", type = "name", question = "Who?" }}]
[phrases]
{PHRASES}
"""


@pytest.mark.parametrize("name", shipped_playbooks())
def test_every_shipped_playbook_is_whole_and_speaks_in_short_sentences(name: str) -> None:
    playbook = load_playbook(name, "he-IL")
    assert playbook.name == name
    assert len(playbook.examples) >= 3
    assert {slot.type for slot in playbook.slots} <= set(SLOT_TYPES)
    spoken = [playbook.greeting, playbook.closing, *(slot.question for slot in playbook.slots)]
    spoken += [variant for variants in playbook.phrases.values() for variant in variants]
    assert max(len(text.split()) for text in spoken) <= 20


@pytest.mark.parametrize(
    ("language", "name"), [("he-IL", "receptionist-he"), ("iw-IL", "receptionist-he"), ("en-GB", "receptionist-en")]
)
def test_the_default_playbook_follows_the_language(language: str, name: str) -> None:
    assert load_playbook("", language).name == name


def test_the_hebrew_playbook_is_written_in_hebrew() -> None:
    playbook = load_playbook("", "he-IL")
    for text in (playbook.greeting, playbook.closing, *(slot.question for slot in playbook.slots)):
        assert not any(char.isascii() and char.isalpha() for char in text)


def test_a_playbook_is_read_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL, "utf-8")
    playbook = load_playbook(str(path), "he-IL")
    assert playbook.slots[0].question == "Who?"
    assert playbook.phrase("filler", 1) == "two filler"


@pytest.mark.parametrize(
    ("old", "new", "key", "cure"),
    [
        ('persona = "p"', 'persona = ""', "persona", "few words"),
        ('persona = "p"', 'persona = 3', "persona", "type"),
        ('persona = "p"', "", "persona", "type"),
        ('persona = "p"', 'personna = "p"', "personna", "did you mean persona"),
        ('"en-US"', '"english"', "language", "he-IL"),
        ('type = "name"', 'type = "nome"', "slots[0].type", "yes-no"),
        ('type = "name"', 'kind = "name"', "slots[0].kind", "known keys"),
        ('type = "name"', 'type = "choice"', "slots[0].choices", "choose"),
        ('type = "name"', 'type = "text", choices = ["a", "b"]', "slots[0].choices", "remove"),
        ('name = "who"', 'name = "Who is"', "slots[0].name", "small letters"),
        ('"Who?"', '" "', "slots[0].question", "question"),
        ('"Who?" }', '"Who?" }, { name = "who", type = "text", question = "?" }', "slots[1].name", "own name"),
        ('filler = ["one filler", "two filler"]', "", "phrases.filler", "at least 2"),
        ('"one busy", "two busy"', '"one busy"', "phrases.busy", "at least 2"),
        ('"one busy", "two busy"', '"busy", "busy"', "phrases.busy", "other words"),
        ('closing = "bye"', "", "closing", "once every slot"),
        ('name = "small"', 'name = "small', "syntax", "toml.io"),
        ('greeting = "hi"', 'greeting = "hi"\nexamples = [["", "x"]]', "examples[0]", "caller says"),
        ('greeting = "hi"', 'greeting = "hi"\nexamples = [["a"]]', "examples[0]", "type"),
    ],
)  # fmt: skip
def test_a_wrong_playbook_names_file_key_and_cure(old: str, new: str, key: str, cure: str) -> None:
    assert old in SMALL
    with pytest.raises(ConfigError) as caught:
        parse_playbook(SMALL.replace(old, new), "mine.toml")
    assert caught.value.where == "mine.toml"
    assert caught.value.key == key
    assert cure in caught.value.cure


@pytest.mark.parametrize("name", ["/no/such/file.toml", "receptionist-hee", "zzz"])
def test_an_unknown_playbook_is_a_config_error(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_playbook(name, "he-IL")
    assert caught.value.key == "PLAYBOOK"


def test_a_language_without_a_shipped_playbook_asks_for_a_path() -> None:
    with pytest.raises(ConfigError, match="path"):
        load_playbook("", "fr-FR")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_playbook(str(path), "he-IL")
