"""The order of the tests: those that wait longest are begun first, one by each worker, and all others beside them; and
how they are collected, which each worker does for itself."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator

import pytest

LONGEST = (
    "test_wire_calls_google.py::",
    "test_rotation_in_a_call.py::",
    "test_speech.py::test_the_recogniser_reads_forty_prompts",
    "test_wire_calls_openai.py::test_trouble",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting makes (modules, tests) is there to stay: to search it for garbage costs a sixth of the time, and
    would again in each later search."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """xdist gives each worker an equal run of the list at first, and lets it steal from the others' ends."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    longest = [item for part in LONGEST for item in items if part in item.nodeid]
    rest = [item for item in items if item not in longest]
    share = -(-len(items) // workers)
    for nth, item in enumerate(longest):
        rest.insert((nth % workers) * share, item)
    items[:] = rest
