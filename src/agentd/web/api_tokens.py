"""Bearer tokens of the HTTP API: made and revoked by `agentd token`, known to the daemon by one file.

`<state_dir>/tokens.json` holds names and SHA-256 digests: a token has 256 random bits, so that neither salt nor a slow
hash would add anything. Every change writes a new file and renames it into place; a reader sees the old or the new one.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

import msgspec

from agentd.errors import AgentdError, ConfigError, Fault

log = logging.getLogger("agentd.web")

PREFIX: Final = "agentd_"
"""So that a scanner of repositories and logs knows one when it sees it."""

DAY_MS: Final = 86_400_000
_MISSING: Final = (0, 0, 0)


class TokenError(AgentdError):
    code = "token"
    fault = Fault.OPERATOR


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of one. `until_ms` None: until it is revoked."""

    name: str
    sha256: str
    made_ms: int
    until_ms: int | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tokens: tuple[Token, ...] = ()


class Tokens:
    """The tokens of one state directory. `wall_s` is the time of day."""

    def __init__(self, state_dir: Path, wall_s: Callable[[], float] = time.time) -> None:
        self._path, self._wall_s = state_dir / "tokens.json", wall_s
        self._version, self._known = _MISSING, _File()

    # --- the daemon's side

    def holder(self, token: str) -> str | None:
        """The name under which this token was given out, if it holds now. The file is read again when it has changed;
        one that cannot be read lets nobody in."""
        self._refresh()
        digest, now_ms, name = _digest(token), self._wall_s() * 1000, None
        for each in self._known.tokens:
            same = compare_digest(each.sha256.encode(), digest.encode())
            if same and (each.until_ms is None or now_ms < each.until_ms):
                name = each.name
        return name

    def _refresh(self) -> None:
        version = self._stat()
        if version == self._version:
            return
        self._version = version
        try:
            self._known = self._read()
        except ConfigError as error:
            self._known = _File()
            log.error("no token is accepted: %s", error)

    def _stat(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return _MISSING
        return found.st_ino, found.st_mtime_ns, found.st_size

    # --- the operator's side

    def all(self) -> Sequence[Token]:
        """In the order in which they were made. Raises `ConfigError` for a file that cannot be read."""
        return self._read().tokens

    def new(self, name: str, days: int | None = None) -> str:
        """Make one and return it: this is the only time that it is seen. Raises `TokenError` for a name that is
        taken."""
        token = PREFIX + secrets.token_urlsafe(32)
        made_ms = round(self._wall_s() * 1000)
        until_ms = None if days is None else made_ms + days * DAY_MS
        with self._locked():
            before = self._read().tokens
            if any(each.name == name for each in before):
                raise TokenError(f"there is a token {name} already; revoke it, or give another name")
            self._write(_File((*before, Token(name, _digest(token), made_ms, until_ms))))
        return token

    def revoke(self, name: str) -> None:
        """It is refused from now on. Raises `TokenError` for a name that nobody has."""
        with self._locked():
            before = self._read().tokens
            left = tuple(each for each in before if each.name != name)
            if len(left) == len(before):
                raise TokenError(f"there is no token {name}; `agentd token list` shows those that are")
            self._write(_File(left))

    def _read(self) -> _File:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return _File()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(str(self._path), "file", reason, "run agentd as the user that owns the file") from error
        except msgspec.DecodeError as error:
            cure = "remove it and make the tokens anew with agentd token new"
            raise ConfigError(str(self._path), "file", f"is no list of tokens: {error}", cure) from error

    def _write(self, content: _File) -> None:
        """A new file of mode 0600 in the place of the old one. Root writes it for the directory's owner: the daemon
        may run as another user."""
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        owner = self._path.parent.stat()
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(file, "wb") as out:
                if os.geteuid() == 0:
                    os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
                out.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)  # when something failed

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One change at a time: two commands at once would lose one of their tokens. The directory is what is locked,
        since the file is another one afterwards."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            directory = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            reason = error.strerror or str(error)
            cure = "name a directory that can be written"
            raise ConfigError("settings", "AGENTD_STATE", f"{self._path.parent}: {reason}", cure) from error
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            cure = "run agentd as the user that owns the directory, and free space on its disk"
            raise ConfigError(str(self._path), "file", reason, cure) from error
        finally:
            os.close(directory)


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
