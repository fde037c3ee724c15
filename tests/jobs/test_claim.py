"""Locks that die with their process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from agentd.config import Settings
from agentd.jobs.claim import FileClaim, ServerClaim, claim, new_node
from agentd.jobs.errors import JobsError
from agentd.jobs.place import Place


def until(holds: Callable[[], bool]) -> None:
    """Wait for another process; a test that hangs is ended by its run."""
    while not holds():
        time.sleep(0.01)


def test_a_state_directory_has_one_process_and_a_second_says_which(tmp_path: Path) -> None:
    place = Place.of(Settings.of(state_dir=tmp_path))
    first = claim(place)
    assert isinstance(first, FileClaim)
    with pytest.raises(JobsError, match=f"process {os.getpid()} runs the jobs of"):
        claim(place)
    first.close()
    second = claim(place)
    assert second.dead(first.node)
    assert not second.dead(second.node)
    second.still_ours()
    second.close()


def test_on_a_server_the_living_know_who_is_dead(postgres: str) -> None:
    place = Place.of(Settings.of(database_url=postgres))
    first, second = claim(place), claim(place)
    assert isinstance(first, ServerClaim)
    assert not first.dead(second.node)
    assert not first.dead(first.node)
    second.close()
    until(lambda: first.dead(second.node))  # the server notices in its own time
    assert first.dead(second.node)  # looking takes nothing
    assert first.dead(new_node())
    first.still_ours()
    first.close()


def test_a_lock_that_is_lost_is_noticed(postgres: str) -> None:
    ours = claim(Place.of(Settings.of(database_url=postgres)))
    with psycopg.connect(postgres, autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'agentd jobs' AND datname = current_database()"
        )
    with pytest.raises(JobsError, match="cannot be held"):
        ours.still_ours()
    with pytest.raises(JobsError):
        ours.dead(new_node())
    ours.close()


def test_the_password_of_the_place_does_not_show(postgres: str) -> None:
    place = Place.of(Settings.of(database_url="postgresql://someone:hush@127.0.0.1/x"))
    assert "hush" in place.url
    assert "hush" not in repr(place)
