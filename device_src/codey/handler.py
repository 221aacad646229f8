"""A function of the user's program that runs beside the main program.

Each run is a thread, because a function that waits in the middle keeps its place on a stack. But
only one thread runs at a time, on every board: at each tick the main program lends the board to the
handlers whose time has come, one after the other, and takes it back when they wait, or at their
first call of `codey` after `_SLICE_MS`. So between two calls a handler is alone, dictionaries and
drivers need no locks, and an interpreter without a global lock for threads is as good as one with.

The main program is interrupted between two bytecodes, as by any timer, but not inside a call of
`codey` (`script.whole`).

A handler that neither calls `codey` nor sleeps keeps the board to itself until it ends; only Ctrl-C
gets past it, and leaves its thread behind.
"""

import sys
from _thread import allocate_lock, get_ident, stack_size, start_new_thread
from time import ticks_add, ticks_diff, ticks_ms

from machine import idle

from codey import observer, script, ticker

_SLICE_MS = 5
_STACK_BYTES = 8192


class Handler:
    """One function; it runs at most once at a time."""

    def __init__(self, function):
        self._function = function
        self._is_alive = False
        self._is_stopped = False  # it is to end at its next call or sleep
        self._is_wanted = False  # it is to begin when it does not run
        self._errand = None  # what the main program is to do for it
        self._thread = None
        self._due_ms = 0
        self._until_ms = 0
        # Both are locked but for the moment in which the board changes hands.
        self._go = allocate_lock()
        self._back = allocate_lock()
        self._go.acquire()
        self._back.acquire()
        if not script.handlers:
            _replace_sleeps()
        script.handlers.append(self)
        ticker.add(_take_turns)

    # The main program's side.

    def restart(self):
        """Begin, from the beginning if it runs already."""
        self._is_stopped = self._is_alive
        self._is_wanted = True

    def stop(self):
        """End it."""
        self._is_stopped = self._is_alive
        self._is_wanted = False

    def take_turn(self):
        """Let it run until it waits, if its time has come."""
        if self._errand:
            errand, self._errand = self._errand, None
            errand()
        if self._is_alive and (self._is_stopped or ticks_diff(ticks_ms(), self._due_ms) >= 0):
            self._lend()
        if self._is_wanted and not self._is_alive:
            self._is_wanted = self._is_stopped = False
            stack_size(_STACK_BYTES)
            start_new_thread(self._run, ())
            self._is_alive = True
            self._lend()

    def _lend(self):
        self._until_ms = ticks_add(ticks_ms(), _SLICE_MS)
        script.running = self
        self._go.release()
        # Not a wait inside acquire(): no Ctrl-C would end that. Nothing is looked up or allocated
        # in the loop, as the other thread runs meanwhile.
        is_back = self._back.acquire
        rest = idle
        try:
            while not is_back(0):
                rest()
        except KeyboardInterrupt:
            # Meant for the program; who cannot be waited for is left behind and ends when it can.
            for handler in script.handlers:
                handler.stop()
            del script.handlers[:]
            ticker.stop()
            raise

    # Its own side, in its thread.

    def _run(self):
        self._go.acquire()
        self._thread = get_ident()
        try:
            self._tell("begin")
            self._function()
        except (script.Stopped, SystemExit):
            pass
        except BaseException as error:
            sys.print_exception(error)
        self._is_alive = False
        self._tell("end")
        script.running = None
        self._back.release()

    def _tell(self, what):
        if observer.notify:
            observer.notify("handler", self._function.__name__, what)

    def point(self):
        """Make room if the time is over; False in any thread but its own."""
        if get_ident() != self._thread:
            return False
        if self._is_stopped:
            raise script.Stopped
        if ticks_diff(ticks_ms(), self._until_ms) >= 0:
            self.sleep_ms(0)
        return True

    def in_main(self, work):
        """Wait until the main program has done `work`; False in any thread but its own."""
        if get_ident() != self._thread:
            return False
        self._errand = work
        return self.sleep_ms(0)

    def sleep_ms(self, ms):
        """Give the board back for that long; False in any thread but its own."""
        if get_ident() != self._thread:
            return False
        if not self._is_stopped:
            self._due_ms = ticks_add(ticks_ms(), max(0, int(ms)))
            script.running = None
            self._back.release()
            self._go.acquire()
        if self._is_stopped:
            raise script.Stopped
        return True


def _take_turns():
    for handler in script.handlers:
        handler.take_turn()


class _Time:
    """`time` whose sleeps let the others run."""

    def __init__(self, real):
        self._real = real
        self.sleep_ms = script.sleep_ms

    def __getattr__(self, name):
        return getattr(self._real, name)

    def sleep(self, seconds):
        """Wait that many seconds."""
        if not script.running:
            # As precise as it was, and with the errors that it has.
            return self._real.sleep(seconds)
        return script.sleep_ms(seconds * 1000)

    def sleep_us(self, us):
        """Wait that many microseconds; in a handler it counts as a call of `codey` does."""
        script.point()
        self._real.sleep_us(us)


def _is_ours(name):
    return name == "codey" or name.startswith("codey.")


def _replace_sleeps():
    """Put sleeps that let the others run in the place of those of `time`, everywhere but here."""
    import time

    import __main__

    proxy = _Time(time)
    sleeps = ("sleep", "sleep_ms", "sleep_us")
    # The program's own names are not among sys.modules.
    for module in [__main__] + list(sys.modules.values()):  # noqa: RUF005, no stars in 1.9
        if module is time or not isinstance(module, type(script)) or _is_ours(module.__name__):
            continue
        for alias in ("time", "utime"):
            if getattr(module, alias, None) is time:
                setattr(module, alias, proxy)
        for sleep in sleeps:
            if getattr(module, sleep, None) is getattr(time, sleep):
                setattr(module, sleep, getattr(proxy, sleep))
    sys.modules["time"] = sys.modules["utime"] = proxy
