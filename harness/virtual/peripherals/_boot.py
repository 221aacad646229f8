"""The virtual board's boot ROM: mounts the flash, hides the host, runs boot.py and main.py.

Started by the supervisor as the interpreter's script; the REPL follows when it returns.
"""

import sys

import micropython

# Until the flash is mounted a Ctrl-C is data, as in a board's frozen _boot.py.
micropython.kbd_intr(-1)

import _start  # noqa: E402, after the line above

_start.boot(globals(), sys.argv)
