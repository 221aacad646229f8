"""Stand-in of `machine` that keeps nothing, for measurements of the heap."""

# It runs as the code in device_src does, and is checked no more than that is.
# ruff: noqa: ANN001, ANN201, ANN204, D101, D102, A002
# mypy: ignore-errors


class Pin:
    IN = 1
    OUT = 3

    def __init__(self, id, mode=-1, pull=-1, value=None):
        pass

    def value(self, level=None):
        pass


class PWM:
    def __init__(self, pin, freq=0, duty=0):
        pass

    def duty(self, value):
        pass


class Timer:
    PERIODIC = 1
