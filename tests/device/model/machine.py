"""Recording stand-in of `machine`: what is done to pins, with the model's clock."""

# It runs as the code in device_src does, and is checked no more than that is.
# ruff: noqa: ANN001, ANN201, ANN204, D101, D102, A002, PLW0603, T201
# mypy: ignore-errors

import json
import time

from umachine import idle  # noqa: F401

edges = []
duties = []
calls = []
operations = 0
_levels = {23: 1, 22: 1, 27: 1, 5: 1}
#: What the converter reads at each pin, 12 bits.
readings = {}
attenuations = {}
#: The motion sensor's registers, and whether it answers.
registers = bytearray(128)
is_answering = True
_watches = {}


def drive(id, level):
    """Set an input from outside, as a button or a receiver does."""
    if _levels.get(id, 0) != level:
        _levels[id] = level
        if id in _watches:
            pin, handler, trigger = _watches[id]
            if trigger & (Pin.IRQ_RISING if level else Pin.IRQ_FALLING):
                handler(pin)


class Pin:
    IN = 1
    OUT = 3
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

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

    def irq(self, handler=None, trigger=3):
        if handler:
            _watches[self.id] = (self, handler, trigger)
        else:
            _watches.pop(self.id, None)


class PWM:
    def __init__(self, pin, freq=0, duty=0):
        self._pin = pin
        self.record("pwm", freq)
        self.duty(duty)

    def duty(self, value):
        if not 0 <= value <= 1023:
            raise ValueError("duty")
        # Of the infrared carrier to the microsecond.
        at = time.now_us if self._pin.id == 26 else time.now_ms
        duties.append((at, self._pin.id, value))

    def freq(self, hz):
        self.record("freq", hz)

    def deinit(self):
        self.record("deinit", 0)

    def record(self, what, hz):
        if not 0 <= hz <= 40000000:
            raise ValueError("freq")
        calls.append([what, self._pin.id, hz])


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin):
        if not 32 <= pin.id <= 39:
            raise ValueError("invalid pin")
        self._pin = pin

    def atten(self, attenuation):
        attenuations[self._pin.id] = attenuation

    def read(self):
        return readings.get(self._pin.id, 0)


class I2C:
    def __init__(self, id, scl, sda, freq):
        calls.append(["i2c", scl.id, sda.id, freq])

    def readfrom_mem_into(self, address, register, buffer):
        self.check(address)
        buffer[:] = registers[register : register + len(buffer)]

    def writeto_mem(self, address, register, data):
        self.check(address)
        registers[register : register + len(data)] = data

    def check(self, address):
        if address != 0x68 or not is_answering:
            raise OSError(19)


class Timer:
    PERIODIC = 1

    def __init__(self, id):
        if not 0 <= id <= 3:
            raise ValueError("the ESP32 has the timers 0 to 3")

    def init(self, mode=1, period=-1, callback=None):
        self.period_ms = period
        self.callback = callback
        self.due_ms = time.now_ms + period
        self.deinit()
        time.timers.append(self)

    def deinit(self):
        if self in time.timers:
            time.timers.remove(self)


def print_log():
    log = {"edges": edges, "duties": duties, "calls": calls, "operations": operations}
    print("\n" + json.dumps(log))
