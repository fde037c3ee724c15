"""httpx without its command line: where rich and pygments are installed it would import them (5 MB), and where they are
not it does without. Import it from here."""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"

sys.modules.setdefault(_COMMAND_LINE, None)  # type: ignore[arg-type]  # None: an import of it is an ImportError
import httpx  # noqa: E402

if sys.modules[_COMMAND_LINE] is None:
    del sys.modules[_COMMAND_LINE]

__all__ = ["httpx"]
