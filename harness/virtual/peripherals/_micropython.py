"""`micropython`, whose `kbd_intr` the supervisor must know of: it decides what byte 03 means."""

import _bench
from micropython import *  # noqa: F403
from micropython import kbd_intr as _kbd_intr


def kbd_intr(character):
    """Set the character that interrupts the program: 3, or -1 for none."""
    _kbd_intr(character)
    _bench.report(b"K0" if character < 0 else b"K1")
