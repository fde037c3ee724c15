"""A second one of a dataclass with slots, quickly: a call makes one for each line of its conversation."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def twin(one: T) -> T:
    """The same values in another object. `dataclasses.replace` would work out every default again first."""
    kind: Any = type(one)
    other: T = kind.__new__(kind)
    for name in kind.__slots__:
        setattr(other, name, getattr(one, name))
    return other
