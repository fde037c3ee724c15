"""Tokens of the API: shown once, kept as digests, in a file that is never half there."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agentd.errors import ConfigError
from agentd.web.api_tokens import DAY_MS, TokenError, Tokens


class Clock:
    now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_token_names_its_holder_and_only_its_digest_is_kept(tmp_path: Path) -> None:
    token = Tokens(tmp_path).new("front-desk")
    assert token.startswith("agentd_")
    assert len(token) == len("agentd_") + 43  # 256 bits
    text = (tmp_path / "tokens.json").read_text()
    assert token not in text
    assert token.removeprefix("agentd_") not in text
    assert Tokens(tmp_path).holder(token) == "front-desk"
    assert Tokens(tmp_path).holder(token + "x") is None
    assert Tokens(tmp_path).holder("") is None
    assert Tokens(tmp_path).holder("\ud800") is None


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "state")
    tokens.new("a")
    tokens.new("b")
    assert stat.S_IMODE((tmp_path / "state" / "tokens.json").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["tokens.json"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for somebody else")
def test_root_leaves_the_file_to_the_owner_of_the_directory(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12346)
    Tokens(tmp_path).new("a")
    found = (tmp_path / "tokens.json").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 12346, 0o600)


def test_a_running_daemon_hears_of_new_and_revoked_tokens(tmp_path: Path) -> None:
    daemon, operator = Tokens(tmp_path), Tokens(tmp_path)
    assert daemon.holder("agentd_x") is None
    first, second = operator.new("first"), operator.new("second")
    assert (daemon.holder(first), daemon.holder(second)) == ("first", "second")
    operator.revoke("first")
    assert (daemon.holder(first), daemon.holder(second)) == (None, "second")
    (tmp_path / "tokens.json").unlink()
    assert daemon.holder(second) is None


def test_a_token_with_a_term_ends_with_it(tmp_path: Path) -> None:
    clock = Clock()
    tokens = Tokens(tmp_path, clock)
    token = tokens.new("temp", days=2)
    clock.now_s += 2 * DAY_MS / 1000 - 1
    assert tokens.holder(token) == "temp"
    clock.now_s += 1
    assert tokens.holder(token) is None


def test_a_name_is_given_once_and_revoked_once(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    tokens.new("a")
    with pytest.raises(TokenError, match="already"):
        tokens.new("a")
    tokens.revoke("a")
    with pytest.raises(TokenError, match="no token a"):
        tokens.revoke("a")


def test_two_commands_at_once_lose_no_token(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from agentd.web.api_tokens import Tokens\n"
        "for n in range(20): Tokens(Path(sys.argv[1])).new(f'{sys.argv[2]}{n}')"
    )
    both = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "ab"]
    assert [each.wait(60) for each in both] == [0, 0]
    assert {token.name for token in Tokens(tmp_path).all()} == {f"{name}{n}" for name in "ab" for n in range(20)}


@pytest.mark.parametrize("content", ["", "[]", '{"tokens": [{"name": "a"}]}', '{"tokens": [], "more": 1}'])
def test_a_broken_file_lets_nobody_in_and_is_told_once(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.new("a")
    assert tokens.holder(token) == "a"
    (tmp_path / "tokens.json").write_text(content)
    with caplog.at_level(logging.ERROR):
        assert [tokens.holder(token) for _ in range(3)] == [None, None, None]
    assert len(caplog.records) == 1
    for refused in (tokens.all, lambda: tokens.new("b"), lambda: tokens.revoke("a")):
        with pytest.raises(ConfigError, match="no list of tokens"):
            refused()
    assert (tmp_path / "tokens.json").read_text() == content


def test_a_state_directory_that_cannot_be_made_is_an_error_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigError, match="AGENTD_STATE"):
        Tokens(tmp_path / "state").new("a")


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    Tokens(tmp_path, Clock()).new("a", days=1)
    [token] = json.loads((tmp_path / "tokens.json").read_text())["tokens"]
    assert (token["name"], token["until_ms"] - token["made_ms"]) == ("a", DAY_MS)
