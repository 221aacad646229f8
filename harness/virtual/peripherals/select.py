"""`select` whose waits notice a lost network.

The sockets of the model are streams with a descriptor, which the interpreter's own poll accepts.
"""

import _bench
import _clock
from _alias import builtin

_select = builtin("select")
POLLIN = _select.POLLIN
POLLOUT = _select.POLLOUT
POLLERR = _select.POLLERR
POLLHUP = _select.POLLHUP
#: How long a wait may last before the network is looked at again, in the host's time.
_SLICE_MS = const(20)  # noqa: F821, known to the compiler


class _Poll:
    def __init__(self):
        self._poll = _select.poll()
        self._sockets = []

    def register(self, obj, eventmask=5):
        self._poll.register(obj, eventmask)
        if hasattr(obj, "is_dead") and obj not in self._sockets:
            self._sockets.append(obj)

    def unregister(self, obj):
        self._poll.unregister(obj)
        if obj in self._sockets:
            self._sockets.remove(obj)

    def modify(self, obj, eventmask):
        self._poll.modify(obj, eventmask)

    def _dead(self):
        if self._sockets:
            _bench.refresh()
            return [(s, POLLERR | POLLHUP | POLLIN) for s in self._sockets if s.is_dead()]
        return ()

    def poll(self, timeout=-1):
        if timeout is None:
            timeout = -1
        end = _clock.ms() + timeout
        while True:
            dead = self._dead()
            if dead:
                return dead
            # In the host's time, rounded up.
            left = -1 if timeout < 0 else -(min(0, _clock.ms() - end) // _clock.scale)
            if self._sockets and not 0 <= left <= _SLICE_MS:
                left = _SLICE_MS
            was_waiting = _clock.waiting(True)
            try:
                found = self._poll.poll(left)
            finally:
                _clock.waiting(was_waiting)
            if found or (timeout >= 0 and _clock.ms() >= end):
                return found

    def ipoll(self, timeout=-1, flags=0):
        return iter(self.poll(timeout))


def poll():
    return _Poll()


def select(readers, writers, errors, timeout=None):
    """Return those that are ready, as `select.select` does."""
    waiting = _Poll()
    for obj in readers:
        waiting.register(obj, POLLIN)
    for obj in writers:
        waiting.register(obj, POLLIN | POLLOUT if obj in readers else POLLOUT)
    for obj in errors:
        if obj not in readers and obj not in writers:
            waiting.register(obj, POLLERR)
    result = ([], [], [])
    for obj, events in waiting.poll(-1 if timeout is None else int(timeout * 1000)):
        if events & (POLLIN | POLLHUP) and obj in readers:
            result[0].append(obj)
        if events & POLLOUT and obj in writers:
            result[1].append(obj)
        if events & POLLERR and obj in errors:
            result[2].append(obj)
    return result
