"""What is hidden from an import is so for that import alone."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from agentd.imports import without


def test_what_is_hidden_cannot_be_imported_in_the_block_and_can_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "rarely_needed.py").write_text("")
    with without("rarely_needed"), pytest.raises(ImportError):
        import_module("rarely_needed")
    assert import_module("rarely_needed") is sys.modules["rarely_needed"]
    monkeypatch.delitem(sys.modules, "rarely_needed")


def test_what_was_imported_before_stays() -> None:
    with without("pathlib"):
        assert import_module("pathlib").Path is Path


def test_a_name_that_the_block_took_away_itself_hides_no_error_of_its_own() -> None:
    def block() -> None:
        with without("rarely_needed"):
            del sys.modules["rarely_needed"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert "rarely_needed" not in sys.modules
