"""The sweep finds what a cancellation at the wrong moment leaves behind, and passes what is clean."""

from __future__ import annotations

import os
import socket
import threading

import pytest
import trio

from agentd.testing.cancel_everywhere import cancel_everywhere


async def polite(scope: trio.CancelScope) -> list[str]:
    log: list[str] = []

    async def child() -> None:
        log.append("open")
        try:
            await trio.sleep(1)
            await trio.sleep(1)
        finally:
            with trio.move_on_after(1, shield=True):
                await trio.sleep(0.5)
            log.append("close")

    with scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
            nursery.start_soon(child)
    return log


def balanced(log: list[str]) -> None:
    assert log.count("open") == log.count("close")


def test_a_clean_scenario_passes_cancelled_at_every_step() -> None:
    swept = cancel_everywhere(polite, check=balanced)
    assert swept.runs > 10
    assert swept.runs == swept.steps + 1
    assert cancel_everywhere(polite, seed=5, stride=4).runs < swept.runs / 2
    assert cancel_everywhere(polite, first=3, max_runs=1).runs == 1


def test_a_descriptor_that_leaks_on_one_step_is_caught_there() -> None:
    leaked: list[int] = []

    async def scenario(scope: trio.CancelScope) -> None:
        with scope:
            await trio.lowlevel.checkpoint()
            ours, theirs = os.pipe()
            leaked[:] = [ours, theirs]
            await trio.lowlevel.checkpoint()  # the step that matters: not yet in the `try`
            try:
                await trio.sleep(1)
            finally:
                os.close(ours)
                os.close(theirs)

    with pytest.raises(
        AssertionError, match=r"step (\d+) of seed 0: descriptors left open: .*pipe.*first=\1"
    ) as caught:
        cancel_everywhere(scenario)
    for descriptor in leaked:
        os.close(descriptor)
    assert "max_runs=1" in str(caught.value)


def test_a_socket_that_is_only_forgotten_is_caught_by_its_warning() -> None:
    async def scenario(scope: trio.CancelScope) -> None:
        with scope:
            end = socket.socket()
            await trio.sleep(1)
            end.close()

    with pytest.raises(AssertionError, match="ResourceWarning: unclosed"):
        cancel_everywhere(scenario)


def test_a_task_given_to_someone_elses_nursery_is_caught() -> None:
    async def scenario(scope: trio.CancelScope) -> None:
        with scope:
            trio.lowlevel.spawn_system_task(trio.sleep, 100)
            await trio.sleep(1)

    with pytest.raises(AssertionError, match=r"tasks left: .*sleep"):
        cancel_everywhere(scenario)


def test_an_unbounded_shield_is_reported_and_does_not_hang_the_sweep() -> None:
    async def scenario(scope: trio.CancelScope) -> None:
        with scope:
            try:
                await trio.sleep(1)
            except trio.Cancelled:
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()
                raise

    with pytest.raises(AssertionError, match=r"still running after 60 virtual seconds, behind a shield"):
        cancel_everywhere(scenario, within_s=60)


def test_a_failed_check_and_an_exception_name_the_step() -> None:
    async def swallowing(scope: trio.CancelScope) -> bool:
        with scope:
            await trio.sleep(1)
            return True
        return False

    def finished(done: bool) -> None:
        assert done

    with pytest.raises(AssertionError, match=r"step 1 of seed 7: AssertionError.*test_cancel_everywhere.py:"):
        cancel_everywhere(swallowing, check=finished, seed=7)

    async def raising(scope: trio.CancelScope) -> None:
        with scope:
            await trio.sleep(1)
        if scope.cancelled_caught:
            raise OSError("half open")

    with pytest.raises(AssertionError, match="half open"):
        cancel_everywhere(raising)


def test_a_thread_left_running_is_caught() -> None:
    release = threading.Event()

    async def scenario(scope: trio.CancelScope) -> None:
        with scope:
            threading.Thread(target=release.wait, name="engine-thread", daemon=True).start()
            await trio.sleep(1)

    with pytest.raises(AssertionError, match="threads left: engine-thread"):
        cancel_everywhere(scenario)
    release.set()
