"""The last so many levels, at four bytes each: a call remembers hundreds, and a Python float is eight times that."""

from __future__ import annotations

from array import array
from collections.abc import Iterable


class Levels:
    """In no order: whoever asks wants sums and percentiles. Seven digits of each are kept."""

    def __init__(self, most: int) -> None:
        self._most, self._oldest = most, 0
        self._ring = array("f")

    def __len__(self) -> int:
        return len(self._ring)

    def append(self, level: float) -> None:
        if len(self._ring) < self._most:
            self._ring.append(level)
        else:
            self._ring[self._oldest] = level
            self._oldest = (self._oldest + 1) % self._most

    def extend(self, levels: Iterable[float]) -> None:
        for level in levels:
            self.append(level)

    def ordered(self) -> list[float]:
        """From the lowest to the highest."""
        return sorted(self._ring)
