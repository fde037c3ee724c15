"""The playbook of the next call: the file as it is now, or the last one that was whole.

Looked at when a call begins, by its time and size; nothing watches in between. A call keeps the playbook it began with.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agentd.agents.playbook_file import load_playbook
from agentd.core.playbook import Playbook
from agentd.errors import ConfigError


class PlaybookWatch:
    """`wanted` and `language` as for `load_playbook`. `changed(playbook)` is called with each new one, `refused(error)`
    once for each state of the file that cannot be used. A shipped playbook never changes. Raises `ConfigError` when the
    first one is wrong."""

    def __init__(
        self,
        wanted: str,
        language: str,
        changed: Callable[[Playbook], None],
        refused: Callable[[ConfigError], None],
    ) -> None:
        self._wanted, self._language, self._changed, self._refused = wanted, language, changed, refused
        path = wanted.strip()
        self._path = Path(path).expanduser() if "/" in path or path.endswith(".toml") else None
        self._seen = self._stamp()
        self._playbook = load_playbook(wanted, language)

    def current(self) -> Playbook:
        """The playbook for a call that begins now. Never raises."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                playbook = load_playbook(self._wanted, self._language)
            except ConfigError as error:
                self._refused(error)
            else:
                if playbook != self._playbook:
                    self._playbook = playbook
                    self._changed(playbook)
        return self._playbook

    def _stamp(self) -> tuple[int, int, int] | None:
        """What changes with the file; None when it is not there. Editors replace files, hence the inode."""
        if self._path is None:
            return None
        try:
            there = self._path.stat()
        except OSError:
            return None
        return there.st_mtime_ns, there.st_size, there.st_ino
