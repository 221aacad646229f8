"""What CPython lacks of MicroPython, so that `mqtt.py` runs on it unchanged.

`mqtt.py` imports `micropython`; with this folder on `sys.path` CPython finds this file, which also
gives `time` its ticks and sockets the stream methods of a board.
"""

# It runs as the code in device_src does, and is checked no more than that is.
# mypy: ignore-errors

import socket
import time


def const(value):
    return value


def _readinto(self, buffer):
    try:
        return self.recv_into(buffer)
    except BlockingIOError:
        return None


def _write(self, data):
    try:
        return self.send(data)
    except BlockingIOError:
        return None


time.ticks_ms = lambda: int(time.monotonic() * 1000)
time.ticks_add = lambda ticks, delta: ticks + delta
time.ticks_diff = lambda end, start: end - start
socket.socket.readinto = _readinto
socket.socket.write = _write
