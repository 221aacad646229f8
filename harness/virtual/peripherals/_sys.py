"""The board's view of `sys`: a platform, and a `stdout.buffer` that sends bytes as they are.

Text that a board prints has its newlines turned into CR LF; what is written to `stdout.buffer` has
not. Here both end in one descriptor, so the latter is announced to the supervisor.
"""

import sys as _sys

import _bench
import uio


def cut(data, limits):
    """Return the part that a stream's write(data, size) or write(data, offset, size) means."""
    start = limits[0] if len(limits) == 2 else 0
    return memoryview(data)[start : start + limits[-1]]


class Buffer(uio.IOBase):
    """Bytes that the supervisor must not touch."""

    def __init__(self):
        self._announcement = _bench.tagged(9)
        self._announcement[8] = 82  # R: the next packet is raw

    def write(self, data, *limits):
        if limits:
            data = cut(data, limits)
        if not data:
            return 0
        _bench.send(self._announcement)
        return _sys.stdout.buffer.write(data)

    def flush(self):
        pass

    def ioctl(self, request, argument):
        return argument if request == 3 else 0


class Text(uio.IOBase):
    """`sys.stdout`."""

    def __init__(self):
        self.buffer = Buffer()

    def write(self, *arguments):
        return _sys.stdout.write(*arguments)

    def flush(self):
        pass

    def ioctl(self, request, argument):
        return argument if request == 3 else 0


class Facade:
    """`sys`: what is not here is the interpreter's own."""

    def __init__(self):
        self.stdout = Text()
        self.platform = "esp32"

    def __getattr__(self, name):
        return getattr(_sys, name)


facade = Facade()
