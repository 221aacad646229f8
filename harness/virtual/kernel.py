"""The few calls of Linux and libc that Python's library lacks, by ctypes."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
import time

_PR_SET_PDEATHSIG = 1
_IN_CLOSE = 0x08 | 0x10
_IN_OPEN = 0x20
_TIMER_ABSTIME = 1
#: Watch, mask, cookie, and the length of a name, which a watched file's event has not.
_INOTIFY_EVENT = struct.Struct("iIII")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
_libc.signal.restype = ctypes.c_void_p


def die_with_parent(parent_pid: int) -> None:
    """Have this process killed when its parent ends, by whatever means.

    Args:
        parent_pid: The parent as it was before the fork: it may be gone already.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)


def set_native_handler(number: signal.Signals, address: int) -> None:
    """Let a C function handle a signal, and restart the system calls that can be.

    Args:
        number: The signal.
        address: Address of the function in this process.
    """
    _libc.signal(int(number), address)
    _libc.siginterrupt(int(number), 0)


def signal_main_thread(pid: int, number: signal.Signals) -> None:
    """Send a signal to the first thread of a process, which alone will take it."""
    if _libc.tgkill(pid, pid, int(number)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def address_of(library_path: str, symbol: str) -> int | None:
    """Return the address of a function of a shared library, None when it is not exported."""
    try:
        function = getattr(ctypes.CDLL(library_path), symbol)
    except (AttributeError, OSError):
        return None
    return ctypes.cast(function, ctypes.c_void_p).value


def watch_opens(path: str) -> int:
    """Return a descriptor that becomes readable when `path` is opened or closed by anyone."""
    descriptor: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if (
        descriptor < 0
        or _libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_OPEN | _IN_CLOSE) < 0
    ):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return descriptor


def has_open(events: bytes) -> bool:
    """Return whether what was read from the descriptor of `watch_opens` tells of an opening."""
    return any(mask & _IN_OPEN for _, mask, _, _ in _INOTIFY_EVENT.iter_unpack(events))


class Timer:
    """A descriptor that becomes readable at a moment of the monotonic clock.

    `poll` counts in milliseconds and rounds up, which is twelve bytes at 115200 baud; this is true
    to some 0.05 ms.

    Attributes:
        descriptor: To wait for.
    """

    def __init__(self) -> None:
        """Make one that is not set."""
        self.descriptor: int = _libc.timerfd_create(
            time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC
        )
        if self.descriptor < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        self._at_s: float | None = None

    def set(self, at_s: float | None) -> None:
        """Go off at a moment, at once if it has passed; None for never."""
        if at_s == self._at_s:
            return
        self._at_s = at_s
        # Interval and first moment, in seconds and nanoseconds; all 0 switches it off.
        spec = (ctypes.c_long * 4)()
        if at_s is not None:
            spec[2], spec[3] = divmod(max(1, int(at_s * 1e9)), 1_000_000_000)
        if _libc.timerfd_settime(self.descriptor, _TIMER_ABSTIME, spec, None) < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    def close(self) -> None:
        """Give it back."""
        os.close(self.descriptor)


def is_supported() -> bool:
    """Whether this system has what the supervisor needs."""
    return sys.platform == "linux"
