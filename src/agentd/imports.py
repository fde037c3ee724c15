"""Some libraries import what they can do without, because it is installed: their command line, another client."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """What is imported in the block finds none of `modules`, as if they were not installed; but those that are imported
    already stay. Afterwards they can be imported again."""
    hidden = [name for name in modules if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # so says the language: an import of it is an ImportError
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, name) is None:
                del sys.modules[name]
