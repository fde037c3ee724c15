"""The settings of the CRM, what `agentd check` says of them, and what the plugin puts in place of what."""

from __future__ import annotations

import agentd_crm_http
import pytest
from agentd_crm_http.access import Access, access, rows
from agentd_crm_http.office import HttpCalendar, HttpCrm

from agentd.config import Settings
from agentd.errors import ConfigError
from agentd.office import Office

URL, TOKEN = "https://crm.example.com/agentd", "crm-secret"


class Own:
    """The parts that a house has already; only which object is which counts."""


def test_without_an_address_there_is_no_crm() -> None:
    assert access({}) is None
    assert access({"CRM_HTTP_URL": "  "}) is None
    assert list(rows({})) == []


def test_an_address_and_a_token_are_enough() -> None:
    found = access({"CRM_HTTP_URL": URL + "/", "CRM_HTTP_TOKEN": f" {TOKEN}\n"})
    assert found == Access(URL, TOKEN)
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/crm", "http://127.0.0.1/crm", "http://[::1]:9/crm", "https://10.0.0.7/crm"]
)
def test_plain_http_and_no_token_are_for_this_machine(url: str) -> None:
    assert access({"CRM_HTTP_URL": url, "CRM_HTTP_TOKEN": "t"}) == Access(url, "t")
    if not url.startswith("https"):
        assert access({"CRM_HTTP_URL": url}) == Access(url, "")


@pytest.mark.parametrize(
    ("env", "key"),
    [
        ({"CRM_HTTP_URL": "crm.example.com"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": "ftp://crm.example.com"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": "https://"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": "https://crm.example.com:port/"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": "https://[crm/"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": "https://me:secret@crm.example.com/"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": "https://crm.example.com/?key=1"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": "http://crm.example.com"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": "http://localhost.example.com"}, "CRM_HTTP_URL"),
        ({"CRM_HTTP_URL": URL, "CRM_HTTP_TOKEN": ""}, "CRM_HTTP_TOKEN"),
        ({"CRM_HTTP_URL": URL, "CRM_HTTP_TOKEN": "Bearer x"}, "CRM_HTTP_TOKEN"),
        ({"CRM_HTTP_URL": URL, "CRM_HTTP_TOKEN": "סוד"}, "CRM_HTTP_TOKEN"),
        ({"CRM_HTTP_URL": URL, "CRM_HTTP_CALENDAR": "perhaps"}, "CRM_HTTP_CALENDAR"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(env: dict[str, str], key: str) -> None:
    env = {"CRM_HTTP_TOKEN": TOKEN} | env
    with pytest.raises(ConfigError) as caught:
        access(env)
    assert caught.value.key == key
    assert TOKEN not in str(caught.value)
    ((what, fine, sentence),) = rows(env)
    assert (what, fine) == ("crm", False)
    assert "Cure:" in sentence


def test_check_says_what_the_crm_keeps() -> None:
    env = {"CRM_HTTP_URL": URL, "CRM_HTTP_TOKEN": TOKEN}
    assert list(rows(env)) == [("crm", True, f"{URL}: customers and leads; the calendar is the store's")]
    assert list(rows(env | {"CRM_HTTP_CALENDAR": "1"})) == [("crm", True, f"{URL}: customers, leads and calendar")]


def own() -> Office:
    crm, calendar, messenger, files = (Own() for _ in range(4))
    return Office(crm, calendar, messenger, files)  # type: ignore[arg-type]


@pytest.mark.parametrize("calendar", ["", "1"])
def test_the_plugin_replaces_what_it_has_and_keeps_the_rest(monkeypatch: pytest.MonkeyPatch, calendar: str) -> None:
    before = own()
    monkeypatch.setenv("CRM_HTTP_URL", URL)
    monkeypatch.setenv("CRM_HTTP_TOKEN", TOKEN)
    monkeypatch.setenv("CRM_HTTP_CALENDAR", calendar)
    after = agentd_crm_http.agentd_office(Settings.of(), before)
    assert after is not None
    assert isinstance(after.crm, HttpCrm)
    assert isinstance(after.calendar, HttpCalendar) is bool(calendar)
    assert (after.messenger, after.files) == (before.messenger, before.files)


def test_a_house_without_a_crm_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_HTTP_URL", raising=False)
    assert agentd_crm_http.agentd_office(Settings.of(), own()) is None
