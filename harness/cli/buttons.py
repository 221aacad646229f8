"""Keys at the terminal that press a board's buttons."""

from __future__ import annotations

import contextlib
import os
import select
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


def has_keys() -> bool:
    """Whether a person can press keys: a terminal is there, and not lent to another program."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        # A terminal of another session, whose keys are not ours.
        return False


@contextlib.contextmanager
def pressed_by_keys(gestures: RigInputs) -> Iterator[None]:
    """Let the keys a, b and c press the buttons of those names; other keys do nothing."""
    from harness.scenario.input import BUTTONS

    terminal = sys.stdin.fileno()
    stop, stopped = os.pipe()

    def serve() -> None:
        while True:
            ready, _, _ = select.select([terminal, stop], [], [])
            if stop in ready:
                return
            keys = os.read(terminal, 64)
            if not keys:
                return
            for key in keys.decode("ascii", "ignore"):
                if key in BUTTONS:
                    try:
                        gestures.hold(key, HOLD_S)
                    except HarnessError:
                        # The board has ended, as whoever shows it is told too.
                        return

    before = termios.tcgetattr(terminal)
    # At once, here and below: to wait for output to drain is to wait for whoever reads it.
    tty.setcbreak(terminal, termios.TCSANOW)
    thread = threading.Thread(target=serve, name="buttons", daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(stopped, b"!")
        thread.join()
        os.close(stop)
        os.close(stopped)
        termios.tcsetattr(terminal, termios.TCSANOW, before)
