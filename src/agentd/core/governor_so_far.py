"""What all lines of a caller make sayable, kept up line by line: a long call costs a turn no more than a short one."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from typing import Final

from agentd.core.governor_facts import Facts, joined, said

KEPT: Final = 4
"""States of the conversation: the one that an answer goes by, a guess, a correction. One of sixty lines takes 8 kB."""


class SaidSoFar:
    """One call's, and gone with it. Ask with all lines of the caller, in order."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[tuple[str, ...], date], Facts] = OrderedDict()

    def __call__(self, lines: tuple[str, ...], today: date) -> Facts:
        """The facts of the lines, joined."""
        found = self._known.get((lines, today))
        if found is None:
            before = self._known.get((lines[:-1], today))
            new = lines if before is None else lines[-1:]
            found = joined([*([] if before is None else [before]), *[said(line, today) for line in new]])
            self._known[lines, today] = found
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end((lines, today))
        return found
