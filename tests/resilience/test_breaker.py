"""The circuit breaker opens on a burst of failures, waits, and lets one probe decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.resilience.breaker import Breaker, Circuit
from agentd.resilience.budgets import BREAKER_FAILURES as FAILURES
from agentd.resilience.budgets import BREAKER_OPEN_S as OPEN_S
from agentd.resilience.budgets import BREAKER_WINDOW_S as WINDOW_S


def broken(at_s: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        assert breaker.allow(at_s)
        breaker.failed(at_s)
    return breaker


def test_five_failures_in_thirty_seconds_open_it_for_twenty() -> None:
    breaker = broken(100.0)
    assert breaker.circuit is Circuit.OPEN
    assert not breaker.allow(100.0 + OPEN_S - 0.01)
    assert breaker.allow(100.0 + OPEN_S)


def test_failures_spread_wider_than_the_window_do_not_open_it() -> None:
    breaker = Breaker()
    for i in range(20):
        breaker.failed(i * (WINDOW_S / (FAILURES - 1) + 0.1))
    assert breaker.circuit is Circuit.CLOSED


def test_only_one_probe_goes_out_and_its_success_closes_the_circuit() -> None:
    breaker = broken()
    assert breaker.allow(OPEN_S)
    assert not breaker.allow(OPEN_S)
    breaker.succeeded()
    assert breaker.circuit is Circuit.CLOSED
    breaker.failed(OPEN_S + 1)
    assert breaker.allow(OPEN_S + 1)


def test_a_failed_probe_opens_it_again() -> None:
    breaker = broken()
    assert breaker.allow(OPEN_S)
    breaker.failed(OPEN_S + 2)
    assert not breaker.allow(2 * OPEN_S)
    assert breaker.allow(2 * OPEN_S + 2)


def test_a_probe_that_was_cancelled_gives_its_place_to_the_next_caller() -> None:
    breaker = broken()
    assert breaker.allow(OPEN_S)
    breaker.dropped()
    assert breaker.allow(OPEN_S)


def test_a_probe_that_never_tells_does_not_lock_the_engine_out_for_ever() -> None:
    breaker = broken()
    assert breaker.allow(OPEN_S)
    assert breaker.allow(2 * OPEN_S)


def test_late_failures_of_calls_that_began_before_do_not_prolong_the_pause() -> None:
    breaker = broken()
    breaker.failed(OPEN_S - 1)
    assert breaker.allow(OPEN_S)


@given(
    steps=st.lists(
        st.tuples(st.floats(0, 10), st.sampled_from(["failed", "succeeded", "dropped"])), min_size=1, max_size=60
    )
)
def test_whatever_happens_an_open_circuit_admits_somebody_within_its_pause(steps: list[tuple[float, str]]) -> None:
    breaker, now = Breaker(), 0.0
    for gap, outcome in steps:
        now += gap
        if breaker.allow(now):
            if outcome == "failed":
                breaker.failed(now)
            else:
                getattr(breaker, outcome)()
    assert breaker.allow(now + OPEN_S)


@pytest.mark.parametrize("successes", [0, 3])
def test_a_success_between_failures_does_not_hide_a_failing_engine(successes: int) -> None:
    breaker = Breaker()
    for i in range(FAILURES):
        for _ in range(successes):
            breaker.succeeded()
        breaker.failed(float(i))
    assert breaker.circuit is Circuit.OPEN
