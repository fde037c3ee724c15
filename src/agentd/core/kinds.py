"""Whether a thing is of one of some types, for things that come by the thousand: looked up by type, in one step.

    _WANTED = Kinds(Turn, CallEnded)
    if _WANTED[type(event)]: ...

Subclasses count, as with `isinstance`.
"""

from __future__ import annotations


class Kinds(dict[type, bool]):
    """Known for each type that was asked for; there are as many as there are kinds of event."""

    def __init__(self, *kinds: type) -> None:
        super().__init__()
        self._kinds = kinds

    def __missing__(self, kind: type) -> bool:
        found = self[kind] = issubclass(kind, self._kinds)
        return found
