"""Many sockets waited for together: everybody is woken, nobody for nothing, and nothing outlives its socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio

from agentd.testing.cancel_everywhere import cancel_everywhere
from agentd.web.arrivals import Arrivals


@contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


@pytest.fixture(params=["together", "each by itself"])
async def arrivals(request: pytest.FixtureRequest, nursery: trio.Nursery) -> Arrivals:
    arrivals = Arrivals()
    if request.param == "together":
        nursery.start_soon(arrivals.run)
        await trio.testing.wait_all_tasks_blocked()
    return arrivals


async def test_each_is_woken_when_something_comes_and_only_then(arrivals: Arrivals) -> None:
    woken: list[int] = []

    async def wait(number: int, ours: socket.socket) -> None:
        await arrivals.wait(ours)
        assert ours.recv(10) == b"for %d" % number
        woken.append(number)

    with pair() as (a, to_a), pair() as (b, to_b), pair() as (c, to_c), trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            for number, ours in enumerate((a, b, c)):
                nursery.start_soon(wait, number, ours)
            await trio.testing.wait_all_tasks_blocked()
            to_b.send(b"for 1")
            while not woken:
                await trio.sleep(0.001)
            await trio.testing.wait_all_tasks_blocked(0.02)
            assert woken == [1]
            to_a.send(b"for 0")
            to_c.send(b"for 2")
        assert sorted(woken) == [0, 1, 2]
        for sock in (a, b, c):
            arrivals.forget(sock)


async def test_what_is_not_read_at_once_is_told_again(arrivals: Arrivals) -> None:
    with pair() as (ours, theirs), trio.fail_after(100):
        theirs.send(b"abc")
        for byte in (b"a", b"b", b"c"):
            await arrivals.wait(ours)
            assert ours.recv(1) == byte
        arrivals.forget(ours)


async def test_what_comes_while_nobody_waits_is_there_for_the_next_wait(arrivals: Arrivals) -> None:
    with pair() as (ours, theirs), trio.fail_after(100):
        theirs.send(b"a")
        await arrivals.wait(ours)
        ours.recv(10)
        theirs.send(b"b")
        await trio.sleep(0.03)  # looked at, and nobody is there
        await arrivals.wait(ours)
        assert ours.recv(10) == b"b"
        arrivals.forget(ours)


async def test_the_end_of_the_peer_wakes(arrivals: Arrivals) -> None:
    with pair() as (ours, theirs), trio.fail_after(100):
        theirs.close()
        await arrivals.wait(ours)
        assert ours.recv(10) == b""
        arrivals.forget(ours)


async def test_forgetting_wakes_the_waiter_and_frees_the_number_for_another_socket(arrivals: Arrivals) -> None:
    with trio.fail_after(100):
        for _ in range(3):  # each pair gets the numbers of the one before
            with pair() as (ours, theirs):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(arrivals.wait, ours)
                    await trio.testing.wait_all_tasks_blocked()
                    theirs.send(b"x")
                async with trio.open_nursery() as nursery:
                    ours.recv(1)
                    nursery.start_soon(arrivals.wait, ours)
                    await trio.testing.wait_all_tasks_blocked()
                    arrivals.forget(ours)


async def test_a_wait_that_is_cancelled_loses_nothing(arrivals: Arrivals) -> None:
    with pair() as (ours, theirs), trio.fail_after(100):
        with trio.move_on_after(0.01) as scope:
            await arrivals.wait(ours)
        assert scope.cancelled_caught
        theirs.send(b"x")
        await arrivals.wait(ours)
        assert ours.recv(10) == b"x"
        arrivals.forget(ours)


async def test_when_it_ends_whoever_waits_goes_on_and_can_wait_by_itself() -> None:
    arrivals = Arrivals()
    with pair() as (ours, theirs), trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(arrivals.run)
            await trio.testing.wait_all_tasks_blocked()
            async with trio.open_nursery() as waiter:
                waiter.start_soon(arrivals.wait, ours)
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
        theirs.send(b"x")
        await arrivals.wait(ours)
        assert ours.recv(10) == b"x"
        arrivals.forget(ours)


def test_it_can_be_cancelled_at_every_step() -> None:
    async def scenario(scope: trio.CancelScope) -> None:
        arrivals = Arrivals()
        with pair() as (ours, theirs):
            theirs.send(b"x")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(arrivals.run)
                with scope:
                    try:
                        for _ in range(3):
                            await arrivals.wait(ours)
                    finally:
                        arrivals.forget(ours)
                nursery.cancel_scope.cancel()

    cancel_everywhere(scenario)
