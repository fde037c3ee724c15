"""`agentd check` about the business: a row for each thing, its cure, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from agentd.agents.playbook_draft import draft
from agentd.cli import main

SCRIPTED = {
    "BIND": "127.0.0.1", "STT_ENGINE": "scripted", "LLM_ENGINE": "scripted", "TTS_ENGINE": "scripted",
    "LANGUAGE_CODE": "en-US", "AGENTD_PLUGINS": "scripted,example",
}  # fmt: skip
ACCOUNT = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "hush-hush"}


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTD_STATE", str(tmp_path / "state"))


def checked(**env: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and the rows: (mark, sentence) by what they are about."""
    said = CliRunner().invoke(main, ["check"], env=SCRIPTED | env)
    assert "hush-hush" not in said.output
    _, head, *lines = said.output.splitlines()
    at = head.index("says")
    return said.exit_code, {line[6:at].strip(): (line[:6].strip(), line[at:]) for line in lines}


def test_what_is_not_set_up_is_said_and_is_no_failure(tmp_path: Path) -> None:
    code, rows = checked()
    assert code == 0
    assert rows["tools: voice"][0] == "ok"
    assert rows["recording"] == ("ok", "off")
    assert "voicemail" in rows["hand-over"][1]
    assert "WHATSAPP_PROVIDER" in rows["WhatsApp"][1]
    assert rows["jobs"] == ("ok", "in a child of `agentd serve`")
    assert "CALENDAR_TOKEN is not set" in rows["calendar feed"][1]
    assert "agentd token new" in rows["HTTP API"][1]
    assert not (tmp_path / "state").exists()  # it only looks


def test_what_is_set_up_is_said_without_a_secret() -> None:
    assert CliRunner().invoke(main, ["token", "new", "--name", "console"], env=SCRIPTED).exit_code == 0
    code, rows = checked(
        **ACCOUNT,
        RECORDING="both",
        FALLBACK_NUMBER="+97237654321",
        WARM_TRANSFER="1",
        WHATSAPP_PROVIDER="twilio",
        TWILIO_WHATSAPP_FROM="+97230000000",
        CALENDAR_TOKEN="hush-hush",
        JOBS="0",
        TOOLS_ASK="whatsapp.send",
    )
    assert code == 0
    assert rows["recording"][1].startswith("at Twilio and in the state directory")
    assert "kept 90 days" in rows["recording"][1]
    assert rows["hand-over"] == ("ok", "to +97237654321, announced")
    assert rows["WhatsApp"][1].startswith("by Twilio, without a template")
    assert rows["calendar feed"] == ("ok", "with its token")
    assert rows["HTTP API"] == ("ok", "this machine, and the tokens of console")
    assert (rows["jobs"][0], "agentd jobs run" in rows["jobs"][1]) == ("warn", True)
    assert rows["tools: a person is asked"] == ("ok", "whatsapp.send")


@pytest.mark.parametrize(
    ("env", "what", "says"),
    [
        ({"RECORDING": "twilio"}, "recording", "needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        ({"FALLBACK_NUMBER": "+4420000000"}, "hand-over", "+4420000000 may not be dialled"),
        ({"WHATSAPP_PROVIDER": "twilio"}, "WhatsApp", "needs TWILIO_WHATSAPP_FROM, TWILIO_ACCOUNT_SID"),
        ({"WHATSAPP_PROVIDER": "twilio", **ACCOUNT}, "WhatsApp", "needs TWILIO_WHATSAPP_FROM"),
        ({"WHATSAPP_PROVIDER": "baileys"}, "WhatsApp", "sends nothing yet"),
        ({"TOOLS_ASK": "no.such"}, "tools", "no.such is no tool. Cure: choose among: "),
        ({"DATABASE_URL": "mysql://u:hush-hush@h/d"}, "store", "is no URL of a PostgreSQL. Cure: "),
        ({"PLAYBOOK": "nosuch"}, "playbook", "Cure: "),
    ],
)
def test_what_would_not_work_fails_with_its_cure(env: dict[str, str], what: str, says: str) -> None:
    code, rows = checked(**env)
    assert code == 1
    assert rows[what][0] == "FAIL"
    assert says in rows[what][1]


def test_a_playbook_says_which_tools_an_agent_has_and_whom_calls_go_to(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    before, _, rest = draft("shop", "en-US", "").partition("[agents]\n")
    agents = '[agents]\nvoice = ["example.opening_hours"]\nwhatsapp = ["shop.stock"]\n'
    after = rest[rest.index("[[workflows]]") :]
    path.write_text(f'transfer_to = "+97230000001"\n{before}{agents}{after}', "utf-8")
    code, rows = checked(PLAYBOOK=str(path))
    assert code == 1
    assert rows["tools: voice"] == ("ok", "example.opening_hours")
    assert (rows["tools: whatsapp"][0], "shop.stock" in rows["tools: whatsapp"][1]) == ("FAIL", True)
    assert rows["hand-over"] == ("ok", "to +97230000001")


def test_tools_and_hand_over_may_be_off() -> None:
    code, rows = checked(AGENTS_ENABLED="0", HANDOVER="0", FALLBACK_NUMBER="+4420000000")
    assert code == 0
    assert rows["tools"] == ("warn", "none is offered: AGENTS_ENABLED=0")
    assert rows["hand-over"] == ("ok", "off: HANDOVER=0")


def test_a_file_of_tokens_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "tokens.json").write_text("{")
    code, rows = checked()
    assert (code, rows["HTTP API"][0]) == (1, "FAIL")
    assert "agentd token new" in rows["HTTP API"][1]
