"""The recordings come from Debian packages: without them these tests are skipped by name, or fail in CI."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def recordings() -> None:
    """Ask for this to use the corpus."""
    from speech_corpus import missing, required

    if absent := missing():
        if required():
            pytest.fail(absent)
        pytest.skip(absent)
