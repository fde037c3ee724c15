"""Types that are looked up in one step."""

from __future__ import annotations

from agentd.core.kinds import Kinds


class Base:
    pass


class Derived(Base):
    pass


def test_it_says_what_isinstance_says_again_and_again() -> None:
    wanted = Kinds(Base, int)
    for _ in range(2):
        for thing in (Base(), Derived(), 1, True, "text", object()):
            assert wanted[type(thing)] is isinstance(thing, (Base, int))


def test_of_nothing_is_nothing() -> None:
    assert not Kinds()[int]
