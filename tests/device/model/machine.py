"""Recording stand-in of `machine`: what is done to pins, with the model's clock."""

# It runs as the code in device_src does, and is checked no more than that is.
# ruff: noqa: ANN001, ANN201, ANN204, D101, D102, A002, PLW0603, T201
# mypy: ignore-errors

import json
import time

edges = []
duties = []
calls = []
operations = 0
_levels = {23: 1, 22: 1}


class Pin:
    IN = 1
    OUT = 3

    def __init__(self, id, mode=-1, pull=-1, value=None):
        self.id = id
        if value is not None:
            self.value(value)

    def value(self, level=None):
        global operations
        if level is None:
            return _levels.get(self.id, 0)
        operations += 1
        if self.id not in (22, 23):
            calls.append(["pin", self.id, level])
        elif _levels[self.id] != level:
            _levels[self.id] = level
            edges.append((time.now_ms, _levels[23] * 2 + _levels[22]))
        return None


class PWM:
    def __init__(self, pin, freq=0, duty=0):
        self._pin = pin
        calls.append(["pwm", pin.id, freq])
        self.duty(duty)

    def duty(self, value):
        if not 0 <= value <= 1023:
            raise ValueError("duty")
        duties.append((time.now_ms, self._pin.id, value))


class Timer:
    PERIODIC = 1

    def __init__(self, id):
        if not 0 <= id <= 3:
            raise ValueError("the ESP32 has the timers 0 to 3")

    def init(self, mode=1, period=-1, callback=None):
        self.period_ms = period
        self.callback = callback
        self.due_ms = time.now_ms + period
        time.timers.append(self)

    def deinit(self):
        if self in time.timers:
            time.timers.remove(self)


def print_log():
    log = {"edges": edges, "duties": duties, "calls": calls, "operations": operations}
    print("\n" + json.dumps(log))
