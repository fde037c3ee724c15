"""The fake Google for every test here that wants one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from agentd_google.testing import FakeGoogle


@pytest.fixture
async def google() -> AsyncIterator[FakeGoogle]:
    async with FakeGoogle.running() as running:
        yield running
