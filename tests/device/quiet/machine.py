"""Stand-in of `machine` that keeps nothing, for measurements of the heap."""

# It runs as the code in device_src does, and is checked no more than that is.
# ruff: noqa: ANN001, ANN201, ANN204, D101, D102, A002
# mypy: ignore-errors

from umachine import idle  # noqa: F401


class Pin:
    IN = 1
    OUT = 3
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, mode=-1, pull=-1, value=None):
        pass

    def value(self, level=None):
        pass

    def irq(self, handler=None, trigger=3):
        pass


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin):
        pass

    def atten(self, attenuation):
        pass


class I2C:
    def __init__(self, id, scl, sda, freq):
        pass

    def readfrom_mem_into(self, address, register, buffer):
        pass

    def writeto_mem(self, address, register, data):
        pass


class PWM:
    def __init__(self, pin, freq=0, duty=0):
        pass

    def duty(self, value):
        pass

    def freq(self, hz):
        pass

    def deinit(self):
        pass


class Timer:
    PERIODIC = 1

    def __init__(self, id):
        pass

    def init(self, mode=1, period=-1, callback=None):
        pass

    def deinit(self):
        pass
