"""A Codey without the Codey: a MicroPython interpreter, its supervisor, and models of peripherals.

`supervisor` is the process behind the pseudo-terminal; `peripherals/` runs on MicroPython, below
the board's unchanged code; `harness.link.virtual` is how the rest of the harness reaches one.
"""
