"""The parts of an eval: scripts that are refused, what was asked, which rules are seen broken, how values compare."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from agentd_local.rules.brain import RulesLLM
from click.testing import CliRunner

from agentd.agents.playbook_file import load_playbook
from agentd.cli import main
from agentd.core.playbook import Playbook, Slot
from agentd.core.speech import Prompt
from agentd.errors import ConfigError
from agentd.evals.asked import UNKNOWN, asked
from agentd.evals.conversation import Exchange, Talk
from agentd.evals.judging import judge, matches
from agentd.evals.keeping import broken, sentences
from agentd.evals.script import Expect, Script, load_scripts, parse_scripts

EN, HE = load_playbook("receptionist-en", ""), load_playbook("realestate-he", "")
TUESDAY = date(2026, 11, 24)
SCRIPT = "name: x\nplaybook: receptionist-en\ncaller: [hello]\nexpect: {}\n"


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("name: [", "syntax", "quotes"),
        (SCRIPT.replace("caller: [hello]", "caller: []"), "caller", "at least one line"),
        (SCRIPT.replace("expect", "expects"), "expects", "docs/playbooks.md"),
        (SCRIPT.replace("{}", "{never: ['(']}"), "expect", "pattern"),
        (SCRIPT.replace("{}", "{max_turns: many}"), "expect.max_turns", "docs/playbooks.md"),
        ("just words", "got `str`", "docs/playbooks.md"),
    ],
)
def test_a_wrong_script_is_refused_with_file_key_and_cure(text: str, key: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_scripts(text, "mine.yaml")
    assert caught.value.where.startswith("mine.yaml")
    assert key.replace("`", "") in f"{caught.value.key} {caught.value.problem}"
    assert says in caught.value.cure


def test_a_script_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="YAML file"):
        load_scripts([Path("/no/such.yaml")])


def test_what_is_said_stays_text() -> None:
    [script] = parse_scripts("name: 1\nplaybook: p\ncaller: [no, {phone: 0501234567}]\nexpect: {}\n", "x")
    assert script.lines == ("no",)
    assert script.answers == {"phone": ("0501234567",)}


@pytest.mark.parametrize(
    ("playbook", "reply", "slot"),
    [
        (EN, "Thanks. May I have your name, please?", "name"),
        (EN, "Lovely. And who's calling?", "name"),
        (EN, "Which number can we reach you on?", "phone"),
        (EN, "I have 2 1 2, 5 5 5, 0 1 2 3, is that right?", "confirm"),
        (EN, "Would Tuesday or another day work, and what time?", "when"),
        (EN, "Do you like cheese?", UNKNOWN),
        (EN, "Of course, take your time.", ""),
        (EN, EN.closing, "closing"),
        (HE, "ועד כמה תרצו להשקיע?", "budget"),
        (HE, "באיזו עיר או שכונה חיפשתם?", "area"),
        (HE, "זה לקנייה או לשכירות?", "deal"),
        (HE, "קנייה, או אולי שכירות?", "deal"),
        (HE, "תוך כמה זמן תרצו להיכנס?", "timing"),
        (HE, "רשמתי גבעתיים, נכון?", "confirm"),
    ],
)
def test_what_was_asked_is_read_from_other_words_too(playbook: Playbook, reply: str, slot: str) -> None:
    assert asked(reply, playbook) == slot


@pytest.mark.parametrize(
    ("reply", "broke"),
    [
        ("Is it you? Yes.", "after the question"),
        ("Who? What?", "more than one question"),
        ("One thing is so. Another is so. The third is so, too.", "3 sentences"),
        (" ".join(["word"] * 25), "25 words"),
        ("", "said nothing"),
        (EN.greeting, "greets again"),
        ("That will be ninety dollars.", "says 'dollars'"),
    ],
)
def test_a_broken_rule_is_seen(reply: str, broke: str) -> None:
    assert any(broke in each for each in broken(talk(reply)))


def test_the_same_words_twice_are_seen_unless_the_caller_asked() -> None:
    assert any("same words" in each for each in broken(talk("Fine, thanks.", "Fine, thanks.")))
    assert not broken(talk("Fine, thanks.", "Fine, thanks.", caller="what did you say"))


def test_asking_for_what_was_said_is_seen() -> None:
    known = Exchange("Dana", "reason", "May I have your name?", "name", spent=True)
    each = talk("Fine.")
    each.exchanges.append(known)
    assert any("asks for name again" in what for what in broken(each))


@pytest.mark.parametrize(("text", "many"), [("At 10 a.m. Or 2.5 p.m.?", 2), ("So, 5 a.m. Dana. Yes!", 3), ("שלום", 1)])
def test_dots_inside_times_end_no_sentence(text: str, many: int) -> None:
    assert sentences(text) <= many


@pytest.mark.parametrize(
    ("type_", "wanted", "got", "right"),
    [
        ("date", "+1 10:00", "2026-11-25 10:00", True),
        ("date", "wed", "2026-11-25 10:00", True),
        ("date", "tue 10:00", "2026-12-01 10:00", True),
        ("date", "wed 11:00", "2026-11-25 10:00", False),
        ("date", "any", "any", True),
        ("date", "any", "2026-11-25 10:00", False),
        ("date", "+1", "soon", False),
        ("phone", "050-123", "050123", True),
        ("text", "tax", "my tax return", True),
        ("text", "*", "whatever", True),
        ("text", "*", "", False),
        ("area", "B, A", "a, b", True),
        ("money", "2500000", "2500000", True),
        ("money", "2500000", "250000", False),
    ],
)
def test_values_are_compared_by_their_type(type_: str, wanted: str, got: str, right: bool) -> None:
    assert matches(Slot("s", type_, "?"), wanted, got, TUESDAY) is right


def test_the_slots_of_a_model_are_read_from_what_it_says_back() -> None:
    script = Script("x", "realestate-en", "", ("hi",), {}, Expect(slots=WANTED))
    playbook = load_playbook("realestate-en", "")
    said = "So, an apartment in Ramat Gan for 2.5 million shekels, and your number is 050-123-4567, Dana."
    each = Talk(script, playbook, lambda messages: Prompt("c", playbook, "", messages), TUESDAY)
    each.exchanges.append(Exchange("hi", "", said, "", spent=False))
    found = judge(each, object(), RulesLLM(), TUESDAY)
    assert {slot: right for slot, (_, _, right) in found.items()} == dict.fromkeys(WANTED, True) | {"timing": False}


WANTED = {
    "kind": "apartment", "area": "Ramat Gan", "budget": "2500000", "phone": "0501234567", "name": "Dana",
    "timing": "now",
}  # fmt: skip


def talk(*replies: str, caller: str = "hm") -> Talk:
    expect = Expect(closes=False, never=("dollars",), slots={"name": "D"})
    script = Script("x", "receptionist-en", "", ("hi",), {}, expect)
    each = Talk(script, EN, lambda messages: Prompt("c", EN, "", messages), TUESDAY)
    each.exchanges += [Exchange(caller, "", reply, "", spent=False) for reply in replies]
    return each


# --- the commands


@pytest.fixture
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTD_STATE", str(tmp_path))
    monkeypatch.setenv("AGENTD_PLUGINS", "local")


@pytest.mark.usefixtures("_home")
def test_eval_plays_ones_own_dialogue_against_ones_own_playbook(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["playbook", "new", "mine.toml", "--from", "receptionist-en"]).exit_code == 0
    Path("mine.yaml").write_text(SCRIPT.replace("[hello]", "[I need help]").replace("{}", "{slots: {reason: help}}"))
    arguments = ["eval", "--playbook", "./mine.toml", "--json", "out.json", "--min-rules", "0", "mine.yaml"]
    said = CliRunner().invoke(main, arguments)
    assert said.exit_code == 0, said.output
    assert "slots filled 100.0 % (1 of 1)" in said.output
    assert json.loads(Path("out.json").read_text())["outcomes"][0]["playbook"] == "mine"


@pytest.mark.usefixtures("_home")
def test_eval_fails_under_its_threshold() -> None:
    Path("mine.yaml").write_text(SCRIPT.replace("{}", "{slots: {name: Dana}}"))
    said = CliRunner().invoke(main, ["eval", "mine.yaml", "--talk"])
    assert said.exit_code == 1
    assert "caller: hello" in said.output
    assert "name: nothing instead of Dana" in said.output


@pytest.mark.usefixtures("_home")
def test_eval_refuses_a_slot_that_the_playbook_has_not_got() -> None:
    Path("mine.yaml").write_text(SCRIPT.replace("{}", "{slots: {nome: Dana}}"))
    said = CliRunner().invoke(main, ["eval", "mine.yaml"])
    assert said.exit_code == 2
    assert "mine.yaml: expect.slots.nome" in said.stderr
