"""What hangs on a playbook alone is worked out once, and shared by its calls.

A playbook is frozen but holds dicts, so it has no hash: it is known by being the same object.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from agentd.core.playbook import Playbook

T = TypeVar("T")

MOST: Final = 16  # playbooks and keys in use at once; more are worked out again


class PerPlaybook(Generic[T]):
    """`make` of a playbook and of what else it hangs on."""

    def __init__(self, make: Callable[..., T]) -> None:
        self._make = make
        self._made: OrderedDict[tuple[int, Hashable], tuple[Playbook, T]] = OrderedDict()

    def __call__(self, playbook: Playbook, *beside: Hashable) -> T:
        key = id(playbook), beside
        found = self._made.get(key)
        if found is None:  # a playbook that is kept here keeps its id, too
            found = self._made[key] = playbook, self._make(playbook, *beside)
            if len(self._made) > MOST:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return found[1]
