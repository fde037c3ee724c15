"""The listening socket: given by systemd, or bound by ourselves."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from typing import Final

from agentd.errors import ConfigError

_BACKLOG: Final = 512
_FIRST_FD: Final = 3  # sd_listen_fds(3)
_CURES: Final = {
    errno.EADDRINUSE: ("PORT", "end what listens there (`ss -ltnp` names it), or take another port: PORT or --port"),
    errno.EACCES: ("PORT", "take a port from 1024 on, or let systemd give the socket"),
}
_NO_ADDRESS: Final = ("BIND", "name an address of this machine; 0.0.0.0 is all of them")


def listening_socket(
    bind: str, port: int, env: Mapping[str, str] = os.environ, *, first_fd: int = _FIRST_FD
) -> socket.socket:
    """A non-blocking TCP listener. systemd's (LISTEN_PID and LISTEN_FDS in `env`) wins over `bind` and `port`; port 0
    takes a free one. Raises `ConfigError` when the address cannot be had."""
    if env.get("LISTEN_PID") == str(os.getpid()) and env.get("LISTEN_FDS", "0") != "0":
        if env["LISTEN_FDS"] != "1":
            raise ConfigError(
                "environment", "LISTEN_FDS", "more than one socket", "give agentd.socket one ListenStream"
            )
        os.set_inheritable(first_fd, False)
        given = socket.socket(fileno=first_fd)
        if given.type != socket.SOCK_STREAM or given.family not in (socket.AF_INET, socket.AF_INET6):
            raise ConfigError(
                "environment", "LISTEN_FDS", "is not a TCP socket", "give agentd.socket a TCP ListenStream"
            )
        given.setblocking(False)
        return given
    sock = socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((bind, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        key, cure = _CURES.get(error.errno or 0, _NO_ADDRESS)
        raise ConfigError("settings", key, f"cannot listen on {bind}:{port}: {error.strerror}", cure) from error
    sock.setblocking(False)
    return sock


def address_of(sock: socket.socket) -> str:
    """host:port, for READY and for people."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
