"""A firmware that lacks something, and a heap that is nearly full."""

import builtins
import gc

PIECES = (4096, 256, 32)
ballast = None  # a chain of pairs


def install(faults):
    """Take away what the words name."""
    lacking = [name for name in ("deflate", "hashlib") if name in faults]
    if lacking:
        _hide(lacking)
    for word in faults:
        if word.startswith("heap="):
            _fill(int(word[5:]))


def _hide(names):
    find = builtins.__import__

    def without(name, *arguments):
        if name in names or (name[:1] == "u" and name[1:] in names):
            raise ImportError("no module named '" + name + "'")
        return find(name, *arguments)

    builtins.__import__ = without


def _fill(free):
    global ballast
    # On a board these are in ROM: what is left is for programs.
    for name in ("machine", "network", "socket", "select", "time"):
        __import__(name)
    gc.collect()
    # Held in one piece while all else is filled, so that it is left in one piece.
    reserve = bytearray(free)
    for size in PIECES:
        try:
            while True:
                # Not a list, which needs one piece for itself and leaves holes as it grows.
                ballast = (bytearray(size), ballast)
        except MemoryError:
            pass
    del reserve
    gc.collect()
