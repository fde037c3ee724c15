"""Virtual time, and an order that the seed decides."""

from __future__ import annotations

import trio

from agentd.testing.play import play


async def race() -> list[int]:
    order: list[int] = []

    async def runner(number: int) -> None:
        for _ in range(4):
            await trio.lowlevel.checkpoint()
            order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(runner, number)
    return order


def test_an_hour_passes_at_once_and_the_result_comes_back() -> None:
    async def wait() -> float:
        begin = trio.current_time()
        await trio.sleep(3600)
        return trio.current_time() - begin

    assert play(wait) == 3600


def test_one_seed_is_one_order() -> None:
    assert play(race, seed=3) == play(race, seed=3)
    assert len({tuple(play(race, seed=seed)) for seed in range(5)}) > 1
