"""Runs first on the board: holds the power, makes our modules the ones that are imported.

Small and safe: whatever fails here, the board comes up.
"""

try:
    from machine import Pin

    # On battery the board switches itself off unless this latch is high at once after a reset.
    # Source: docs/codey.md, "Power latch".
    Pin(15, Pin.OUT, value=1)
    del Pin
except Exception as error:
    print("boot.py: power latch:", error)

try:
    import sys

    # First: the firmware may have modules of the same names (docs/codey.md, "Module shadowing").
    if "/hil" not in sys.path:
        sys.path.insert(0, "/hil")
    del sys
except Exception as error:
    print("boot.py: sys.path:", error)
