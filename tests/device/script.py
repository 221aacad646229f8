"""Programs with handlers, which say what happens and when."""

from __future__ import annotations

from tests.device.program import run_board

#: A log with times, and a handler that tells its beginning, its end and how it was ended.
PRELUDE = """
import codey, event, machine, time
def say(*words):
    print(time.ticks_ms(), *words)
def press(ms=100):
    machine.drive(2, 1)
    time.sleep_ms(ms)
    machine.drive(2, 0)
    time.sleep_ms(20)
def work():
    say("begins")
    try:
        time.sleep(1)
        say("ends")
    finally:
        say("over")
"""


def said_by(source: str) -> list[str]:
    """Return what a program prints."""
    return [line for line in run_board(PRELUDE + source).lines if line]
