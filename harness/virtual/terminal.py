"""The board's serial port: a pseudo-terminal that loses what nobody reads, as a UART does."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty

from harness.virtual import kernel

#: What is kept for a client that has the port open and does not read.
BACKLOG_BYTES = 1 << 16
#: A client that takes nothing for this long with a full backlog loses what comes then.
STALL_S = 1.0
_READ_BYTES = 4096


class Terminal:
    """The supervisor's end of the port.

    Attributes:
        path: What a client opens.
        master: Descriptor of our end; meaningful to wait on while `is_open`.
        opens: Descriptor that is readable when a client has opened or closed the port.
        is_open: Whether a client has it open.
        lost_bytes: Output that was dropped because a client with the port open did not read.
    """

    def __init__(self) -> None:
        """Make the pseudo-terminal, raw from the start."""
        self.master, slave = os.openpty()
        self.path = os.ttyname(slave)
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self.opens = kernel.watch_opens(self.path)
        # With no client's end open, the state that `poll` reports is that of a closed port.
        os.close(slave)
        self.is_open = False
        self.lost_bytes = 0
        self._backlog = bytearray()
        self._full_since_s: float | None = None

    def update(self) -> bool:
        """Find out whether the port is open; called when `opens` is readable or a read failed.

        Returns:
            Whether a client has opened it meanwhile, also one that has closed it again.
        """
        was_opened = False
        with contextlib.suppress(BlockingIOError):
            while events := os.read(self.opens, _READ_BYTES):
                was_opened |= kernel.has_open(events)
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        is_open = not any(events & select.POLLHUP for _, events in poll.poll(0))
        if is_open and not self.is_open:
            self._make_raw()
        if self.is_open and not is_open:
            # What the last client left unread is not the next one's.
            self._backlog.clear()
            self._full_since_s = None
            termios.tcflush(self.master, termios.TCOFLUSH)
        self.is_open = is_open
        return was_opened

    def read(self) -> bytes:
        """Return what a client has sent; nothing when there is none or it has closed the port."""
        try:
            return os.read(self.master, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            # EIO: the last client has closed the port.
            self.update()
            return b""

    def write(self, data: bytes, now_s: float) -> None:
        """Send, as far as somebody listens; never waits."""
        if not self.is_open:
            return
        if len(self._backlog) >= BACKLOG_BYTES and not self.wants_pause(now_s):
            self.lost_bytes += len(data)
            return
        self._backlog += data
        self.flush(now_s)

    def flush(self, now_s: float) -> None:
        """Send on what the client has made room for."""
        if not self._backlog:
            return
        try:
            sent = os.write(self.master, self._backlog)
        except BlockingIOError:
            sent = 0
        except OSError:
            # EIO: the last client has closed the port.
            self.update()
            return
        del self._backlog[:sent]
        if len(self._backlog) < BACKLOG_BYTES:
            self._full_since_s = None
        elif sent or self._full_since_s is None:
            self._full_since_s = now_s

    @property
    def has_backlog(self) -> bool:
        """Whether something waits for the client to read."""
        return bool(self._backlog)

    def wants_pause(self, now_s: float) -> bool:
        """Whether the board should be held up, as by a UART whose transmit buffer is full."""
        return self._full_since_s is not None and now_s < self._full_since_s + STALL_S

    def stalls_until_s(self) -> float | None:
        """When the pause ends, whatever the client does; None when there is none."""
        return None if self._full_since_s is None else self._full_since_s + STALL_S

    def close(self) -> None:
        """Give the port up; a client sees a hang-up."""
        os.close(self.opens)
        os.close(self.master)

    def _make_raw(self) -> None:
        # Only what would change bytes: a client may have set its own read timing by now.
        mode = termios.tcgetattr(self.master)
        mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.ISTRIP | termios.IXON)
        mode[1] &= ~termios.OPOST
        mode[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
        termios.tcsetattr(self.master, termios.TCSANOW, mode)
