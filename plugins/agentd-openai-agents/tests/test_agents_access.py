"""When there is a back office, what `agentd check` says of it, and that asking costs nothing."""

from __future__ import annotations

import subprocess
import sys

import agentd_openai_agents
import pytest
from agentd_openai_agents.access import OPENAI, Access, access, rows
from agentd_openai_agents.office import AgentsOffice

from agentd.config import Settings
from agentd.errors import ConfigError

WITH_KEY = Settings.of(openai_api_key="sk-secret")
MODEL = {"BACK_OFFICE_MODEL": "gpt-6-luna"}


def test_without_a_model_there_is_no_back_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACK_OFFICE_MODEL", raising=False)
    assert access(WITH_KEY, {}) is None
    assert list(rows(WITH_KEY, {})) == []
    assert agentd_openai_agents.agentd_back_office(WITH_KEY) is None


def test_a_model_makes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACK_OFFICE_MODEL", "gpt-6-luna")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert isinstance(agentd_openai_agents.agentd_back_office(WITH_KEY), AgentsOffice)
    found = access(WITH_KEY, MODEL)
    assert found == Access("gpt-6-luna", OPENAI, "sk-secret")
    assert "sk-secret" not in repr(found)
    ((what, fine, sentence),) = rows(WITH_KEY, MODEL)
    assert (what, fine) == ("back office", True)
    assert "gpt-6-luna" in sentence


def test_another_server_needs_no_key() -> None:
    env = MODEL | {"OPENAI_BASE_URL": "http://localhost:8000/v1/"}
    assert access(Settings.of(), env) == Access("gpt-6-luna", "http://localhost:8000/v1", "none")


@pytest.mark.parametrize(
    ("settings", "url", "key"),
    [(Settings.of(), "", "OPENAI_API_KEY"), (WITH_KEY, "localhost:8000", "OPENAI_BASE_URL")],
)
def test_what_is_wrong_is_named_with_its_cure(settings: Settings, url: str, key: str) -> None:
    env = MODEL | {"OPENAI_BASE_URL": url}
    with pytest.raises(ConfigError) as caught:
        access(settings, env)
    assert caught.value.key == key
    ((_, fine, sentence),) = rows(settings, env)
    assert not fine
    assert "Cure:" in sentence


def test_the_sdk_is_not_imported_by_the_plugin() -> None:
    script = (
        "import sys, os; os.environ['BACK_OFFICE_MODEL'] = 'm'; import agentd_openai_agents as plugin;"
        "from agentd.config import Settings; plugin.agentd_back_office(Settings.of(openai_api_key='k'));"
        "print([name for name in ('agents', 'openai', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "agents" not in done.stdout
    assert "openai" not in done.stdout
