"""What `./hil` does before the command: `.venv`, the locked packages, Mosquitto.

Python's standard library only, and nothing of `harness`: this runs when nothing is installed yet.
Modules that take time to import are imported where they are needed, because the usual start
only compares a stamp and must not be felt (under 0.1 s).
"""
