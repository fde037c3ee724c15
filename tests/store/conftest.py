"""Stores of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentd.config import Settings


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Of an empty database of each kind."""
    url = request.getfixturevalue("postgres") if request.param == "postgres" else ""
    return Settings.of(state_dir=tmp_path / "state", database_url=url)
