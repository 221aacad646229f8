"""Keys at the terminal that press a board's buttons."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.scenario.input import RigInputs

#: As long as a person's tap, of the board's time; programs that look now and then see it.
HOLD_S = 0.2
#: How often the terminal is looked for: no signal tells a program that runs that `fg` gave it.
LOOK_S = 0.2
#: All that a terminal keeps of what was typed.
_TYPED_BYTES = 4096
#: What stops a program that uses the terminal of another.
_ACCESS = (signal.SIGTTIN, signal.SIGTTOU)


def has_keys() -> bool:
    """Whether a person can press keys: a terminal is there, and not lent to another program."""
    return sys.stdin.isatty() and _is_foreground(sys.stdin.fileno())


def _is_foreground(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        # A terminal of another session, whose keys are not ours, or one that has hung up.
        return False


@contextlib.contextmanager
def _unstopped() -> Iterator[None]:
    """Let the terminal refuse a thread, where it would stop the whole command."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ACCESS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Terminal:
    """The terminal as it passes between the command and the shell that started it.

    Only while the command is in the foreground are keys read and modes set: at all other times
    they are the shell's, whose prompt has modes of its own.
    """

    def __init__(self) -> None:
        # Opened anew, as this must never wait for a key that Ctrl-C or Ctrl-Z has just discarded;
        # standard input's own flags are the shell's too.
        self.descriptor = os.open(os.ctermid(), os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        self._before = termios.tcgetattr(self.descriptor)
        self._is_wanted = True
        # One thread looks, the main one ends or stops; a signal may strike the latter in here.
        self._lock = threading.RLock()

    def take(self, *, again: bool = False) -> bool:
        """Have keys come one by one and unseen, where the terminal is ours; returns whether it is.

        Args:
            again: Whether it was given back for a time only.
        """
        with self._lock, _unstopped():
            self._is_wanted |= again
            if not (self._is_wanted and _is_foreground(self.descriptor)):
                return False
            if termios.tcgetattr(self.descriptor)[3] & (termios.ICANON | termios.ECHO):
                # At once, here and below: to wait for output to drain is to wait for its reader.
                tty.setcbreak(self.descriptor, termios.TCSANOW)
            return True

    def give_back(self) -> None:
        """Leave the terminal as it was found."""
        with self._lock, _unstopped():
            self._is_wanted = False
            if _is_foreground(self.descriptor):
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self._before)

    def read(self) -> str:
        """Return the keys that have come for the command."""
        try:
            with _unstopped():
                return os.read(self.descriptor, _TYPED_BYTES).decode("ascii", "ignore")
        except BlockingIOError:
            return ""
        except OSError as error:
            # What was typed is for another program, which is in the foreground.
            if error.errno != errno.EIO:
                raise
            return ""

    def close(self) -> None:
        """Close it."""
        os.close(self.descriptor)


@contextlib.contextmanager
def _stopped_in_order(terminal: _Terminal) -> Iterator[None]:
    """Give the terminal back while Ctrl-Z has the command stopped."""
    before = signal.getsignal(signal.SIGTSTP)

    def stop(*_: object) -> None:
        terminal.give_back()
        signal.signal(signal.SIGTSTP, before)
        signal.raise_signal(signal.SIGTSTP)
        # Goes on here, after `fg`, `bg`, or at once where no shell could continue it.
        signal.signal(signal.SIGTSTP, stop)
        terminal.take(again=True)

    signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


@contextlib.contextmanager
def pressed_by_keys(gestures: RigInputs, time_scale: int) -> Iterator[None]:
    """Let the keys a, b and c press the buttons of those names; other keys do nothing.

    Args:
        gestures: At the board.
        time_scale: How many times as fast its time passes.
    """
    from harness.scenario.input import BUTTONS

    terminal = _Terminal()
    end, ended = os.pipe()

    def serve() -> None:
        while True:
            sources = [end, terminal.descriptor] if terminal.take() else [end]
            ready, _, _ = select.select(sources, [], [], LOOK_S)
            if end in ready:
                return
            # One of all that came: a key held down repeats 30 times a second, six times in a tap.
            # Saved up, they would press the button long after the person has let the key go.
            key = next((key for key in terminal.read() if key in BUTTONS), None)
            if key is None:
                continue
            try:
                gestures.press(key)
                select.select([end], [], [], HOLD_S / time_scale)
                gestures.release(key)
            except HarnessError:
                # The board has ended, as whoever shows it is told too.
                return

    thread = threading.Thread(target=serve, name="buttons", daemon=True)
    try:
        with _stopped_in_order(terminal):
            terminal.take()
            thread.start()
            yield
    finally:
        # First, as a second Ctrl-C ends the wait for the thread, which may wait for the board.
        terminal.give_back()
        os.write(ended, b"!")
        if thread.is_alive():
            thread.join()
        os.close(end)
        os.close(ended)
        terminal.close()
