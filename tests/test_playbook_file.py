"""Shipped playbooks load whole; a wrong one is refused with file, key and cure."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agentd.agents.playbook_file import (
    OPTIONAL_PHRASES,
    PHRASE_KEYS,
    SLOT_TYPES,
    load_playbook,
    parse_playbook,
    shipped_playbooks,
)
from agentd.core.windows import windows
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


BUSINESS = """
[hours]
mon = ["09:00-13:00", "14:00-18:00"]
fri = []
[meetings]
title = "Visit"
minutes = 45
[agents]
voice = ["calendar.find_slots", "acme.lookup"]
[[workflows]]
on = "call-ended"
do = ["leads.upsert"]
when = ["slots-full", "slot:who", "slot:who=Dana"]
[[workflows]]
on = "meeting-booked"
do = ["whatsapp.send"]
text = "{who}: {meeting}, {place}"
template = "HX0123456789abcdef0123456789abcdef"
after_min = 60
"""
TOP = 'greeting = "hi"\ntransfer_to = "+972501234567"\ntimezone = "Europe/London"\nholidays = ["2026-12-25"]'
WHOLE = SMALL.replace('greeting = "hi"', TOP) + BUSINESS


def test_hours_meetings_agents_and_workflows_are_read() -> None:
    playbook = parse_playbook(WHOLE, "mine.toml")
    assert playbook.hours == {"mon": ("09:00-13:00", "14:00-18:00"), "fri": ()}
    assert playbook.holidays == ("2026-12-25",)
    assert (playbook.meetings.minutes, playbook.meetings.notice_min) == (45, 60)
    assert playbook.agents["voice"] == ("calendar.find_slots", "acme.lookup")
    assert [workflow.after_min for workflow in playbook.workflows] == [0, 60]


@pytest.mark.parametrize(
    ("old", "new", "key", "cure"),
    [
        ('"Europe/London"', '"Europe/Londn"', "timezone", "Asia/Jerusalem"),
        ('"Europe/London"', '"Europe"', "timezone", "Asia/Jerusalem"),
        ('"Europe/London"', '""', "timezone", "Asia/Jerusalem"),
        ('"Europe/London"', '"../etc/passwd"', "timezone", "Asia/Jerusalem"),
        ("mon = [", "monday = [", "hours.monday", "write mon"),
        ("mon = [", "yom = [", "hours.yom", "sun"),
        ('"09:00-13:00"', '"9-13"', "hours.mon", "09:00-13:00"),
        ('"09:00-13:00"', '"13:00-09:00"', "hours.mon", "09:00-13:00"),
        ('"09:00-13:00"', '"09:00-25:00"', "hours.mon", "09:00-13:00"),
        ('"14:00-18:00"', '"12:30-18:00"', "hours.mon", "where the other ends"),
        ('"2026-12-25"', '"25.12.2026"', "holidays[0]", "year, month, day"),
        ('"2026-12-25"', '"2026-02-30"', "holidays[0]", "year, month, day"),
        ('"2026-12-25"', '"20261225"', "holidays[0]", "year, month, day"),
        ("minutes = 45", "minutes = 2", "meetings.minutes", "5 to 480"),
        ("minutes = 45", "minutes = 300", "meetings.minutes", "at most 240"),
        ("minutes = 45", "days = 0", "meetings.days", "1 to 365"),
        ("minutes = 45", "notice_min = -1", "meetings.notice_min", "0 to"),
        ("minutes = 45", "minuets = 45", "meetings.minuets", "did you mean minutes"),
        ("voice = [", "phone = [", "agents.phone", "back-office"),
        ('"calendar.find_slots"', '"calendar.find_slot"', "agents.voice", "did you mean calendar.find_slots"),
        ('"calendar.find_slots"', '"find slots"', "agents.voice", "area.verb"),
        ('"acme.lookup"', '"calendar.find_slots"', "agents.voice", "once"),
        ('on = "call-ended"', 'on = "call-over"', "workflows[0].on", "meeting-booked"),
        ('do = ["leads.upsert"]', "do = []", "workflows[0].do", "in order"),
        ('do = ["leads.upsert"]', 'do = ["leads.upser"]', "workflows[0].do", "did you mean leads.upsert"),
        ('do = ["leads.upsert"]', 'doo = ["leads.upsert"]', "workflows[0].doo", "did you mean do"),
        ('"slots-full"', '"slots-ful"', "workflows[0].when", "conditions"),
        ('"slot:who"', '"slot:whom"', "workflows[0].when", "slot of that name"),
        ("{place}", "{plaza}", "workflows[1].text", "meeting, place"),
        ('"HX0123', '"XX0123', "workflows[1].template", "hexadecimal"),
        ("after_min = 60", "after_min = -5", "workflows[1].after_min", "minutes"),
        ('"+972501234567"', '"050-1234567"', "transfer_to", "with its country"),
        ("[hours]", 'hand-over = ["a", "b"]\n[hours]', "phrases.hand-over", "did you mean handover"),
        ("[hours]", 'handover = ["a"]\n[hours]', "phrases.handover", "at least 2"),
    ],
)
def test_a_wrong_business_names_file_key_and_cure(old: str, new: str, key: str, cure: str) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigError) as caught:
        parse_playbook(WHOLE.replace(old, new), "mine.toml")
    assert caught.value.where == "mine.toml"
    assert caught.value.key == key
    assert cure in caught.value.cure


@pytest.mark.parametrize("name", shipped_playbooks())
def test_every_shipped_playbook_can_meet_people(name: str) -> None:
    playbook = load_playbook(name, "")
    now = datetime(2026, 11, 25, 9, tzinfo=ZoneInfo(playbook.timezone))
    assert len(windows(playbook, now, [])) == 3
    assert set(OPTIONAL_PHRASES) <= set(playbook.phrases)
    assert "calendar.create" in playbook.agents["voice"]
    assert {workflow.on for workflow in playbook.workflows} >= {"call-ended", "meeting-booked"}


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
