"""A terminal whose other end a test has."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import termios

from harness.deadline import Deadline

LIMIT_S = 20.0


class Screen:
    """A terminal, from the side of the person at it."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self._received = b""

    def read_until(self, pattern: bytes) -> bytes:
        """Return the first match in all that has come so far, waiting for it."""
        deadline = Deadline.after(LIMIT_S)
        while not (found := re.search(pattern, self._received)):
            ready, _, _ = select.select([self.master], [], [], deadline.remaining_s)
            assert ready, f"waited for {pattern!r}, got {self._received[-2000:]!r}"
            self._received += os.read(self.master, 65536)
        return found[0]

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def take(self) -> None:
        """Be the terminal of the session that the calling process has just begun."""
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def echoes(self) -> bool:
        """Whether it shows what is typed, as a shell needs it."""
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def has_cursor(self) -> bool:
        """Whether it shows where it writes, in what has been read."""
        return self._received.rfind(b"\x1b[?25l") <= self._received.rfind(b"\x1b[?25h")

    def close(self) -> None:
        """Give both ends back."""
        os.close(self.master)
        os.close(self.slave)
