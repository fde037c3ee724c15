"""Waiting for the media of all calls together, in bunches: what network cards call interrupt moderation.

A hundred calls bring 5 000 frames a second, one every 200 us. Waited for one by one, each costs a pass of the event
loop, two system calls and, because everybody else ran since, a cold cache. So their sockets hang on one epoll of our
own, which is looked at, and then let alone for a moment in which other frames may arrive: the more calls there are, the
longer, and never longer than 8 of a frame's 20 ms.

| calls | looked at again after | frames at a look |
|-------|-----------------------|------------------|
| 1     | 0.25 ms               | 1                |
| 20    | 5 ms                  | 5                |
| 100   | 8 ms                  | 40               |

(Epoll rounds up to the next millisecond.) Each frame is still read and judged by its own call's task.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from typing import Final

import trio
from trio.lowlevel import Abort, Task

REST_EACH_S: Final = 0.00025
REST_MOST_S: Final = 0.008


class Arrivals:
    """Sockets on which somebody waits. While `run` does not run, each waits by itself."""

    def __init__(self) -> None:
        self._epoll: select.epoll | None = None
        self._watched: set[int] = set()
        self._waiting: dict[int, Task] = {}

    async def wait(self, sock: socket.socket) -> None:
        """Until there may be something to read, or `forget`. One task a socket. Cancel: nothing is lost."""
        if self._epoll is None:
            with suppress(trio.ClosedResourceError):  # forgotten
                await trio.lowlevel.wait_readable(sock)
            return
        fd = sock.fileno()
        if fd not in self._watched:
            self._epoll.register(fd, select.EPOLLIN)
            self._watched.add(fd)
        self._waiting[fd] = trio.lowlevel.current_task()

        def abort(_: object) -> Abort:
            del self._waiting[fd]
            return Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def forget(self, sock: socket.socket) -> None:
        """Before it is closed: whoever waits goes on."""
        trio.lowlevel.notify_closing(sock)
        fd = sock.fileno()
        self._drop(fd)
        if (task := self._waiting.pop(fd, None)) is not None:
            trio.lowlevel.reschedule(task)

    async def run(self) -> None:
        """Look after them until cancelled; then whoever waits goes on, and waits by itself."""
        self._epoll = select.epoll()
        try:
            while True:
                await trio.lowlevel.wait_readable(self._epoll.fileno())
                for fd, _ in self._epoll.poll(0):
                    if (task := self._waiting.pop(fd, None)) is not None:
                        trio.lowlevel.reschedule(task)
                    else:  # its task is busy with something else: it will register again
                        self._drop(fd)
                await trio.sleep(min(REST_EACH_S * len(self._watched), REST_MOST_S))
        finally:
            self._epoll.close()
            self._epoll = None
            self._watched.clear()
            waiting, self._waiting = self._waiting, {}
            for task in waiting.values():
                trio.lowlevel.reschedule(task)

    def _drop(self, fd: int) -> None:
        if fd in self._watched and self._epoll is not None:
            self._watched.discard(fd)
            self._epoll.unregister(fd)
