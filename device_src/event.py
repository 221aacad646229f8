"""`event`: functions of the program that start by themselves when something happens.

    @event.button_a_pressed
    def on_press():
        codey.led.show(0, 255, 0)

A handler runs beside the main program, which need not have ended (on the board it must). When its
event comes again while it runs, it is ended and begins anew: it ends at its next call of `codey` or
its next sleep. One that does neither cannot be ended, and lets nothing else run; see
`codey.handler`. Source: docs/codey.md, "Events".
"""

from time import ticks_diff, ticks_ms

import codey
from codey import message, ticker
from codey.argument import is_number
from codey.handler import Handler

__version__ = "1.0.0"

# So long after the last definition of a handler the program is taken to be complete.
_START_MS = 100
_SENSORS = ("sound_sensor", "light_sensor", "timer")
_starts = []  # handlers that wait for the start
_defined_ms = 0
_conditions = []


class _Condition:
    """Starts a handler when something becomes true."""

    def __init__(self, function, is_true):
        self._handler = _handler(function)
        self._is_true = is_true
        self._was_true = False

    def look(self):
        is_true = self._is_true()
        if is_true and not self._was_true:
            self._handler.restart()
        self._was_true = is_true


def _handler(function):
    global _defined_ms
    _defined_ms = ticks_ms()
    # Before the handlers' own job, so that what is seen in a tick begins in it.
    ticker.add(_look)
    return Handler(function)


def _look():
    if _starts and ticks_diff(ticks_ms(), _defined_ms) >= _START_MS:
        while _starts:
            _starts.pop(0).restart()
    for condition in _conditions:
        condition.look()


def _when(function, is_true):
    if callable(function):
        _conditions.append(_Condition(function, is_true))
    return function


def _factory(arguments, begin):
    """Serve @event.x(argument) and the vendor's page, which writes event.x(function, argument)."""
    if arguments and callable(arguments[0]):
        begin(*arguments)
        return arguments[0]

    def decorate(function):
        if callable(function):
            begin(function, *arguments)
        return function

    return decorate


def start(function):
    """When the program has begun: 100 ms after its last handler was defined."""
    if callable(function):
        _starts.append(_handler(function))
    return function


def _holds(device, name):
    # The device is loaded with the first handler.
    return lambda function: _when(function, getattr(device.load(), name))


# When a button goes down.
button_a_pressed = _holds(codey.button_a, "is_pressed")
button_b_pressed = _holds(codey.button_b, "is_pressed")
button_c_pressed = _holds(codey.button_c, "is_pressed")
# When the board begins to be moved or held like that.
shaked = _holds(codey.motion_sensor, "is_shaked")
tilted_left = _holds(codey.motion_sensor, "is_tilted_left")
tilted_right = _holds(codey.motion_sensor, "is_tilted_right")
ears_up = _holds(codey.motion_sensor, "is_ears_up")
ears_down = _holds(codey.motion_sensor, "is_ears_down")


def received(*arguments):
    """When that message was broadcast on this board."""
    return _factory(arguments, _on_message)


def ir_received(*arguments):
    """When that text has come over infrared light."""
    return _factory(arguments, _on_text)


def greater_than(*arguments):
    """When a sensor ("sound_sensor", "timer") goes above a threshold."""
    return _factory(arguments, _on_greater)


def less_than(*arguments):
    """When a sensor ("light_sensor") goes below a threshold."""
    return _factory(arguments, _on_less)


def _on_message(function, text):
    _on_equal(function, text, message.listeners)


def _on_text(function, text):
    _on_equal(function, text, codey.ir.load().listeners)


def _on_equal(function, text, listeners):
    if type(text) is str:
        handler = _handler(function)
        listeners.append(lambda heard: handler.restart() if heard == text else None)


def _on_greater(function, threshold, sensor):
    if is_number(threshold) and sensor in _SENSORS:
        value = _value(sensor)
        _when(function, lambda: value() > threshold)


def _on_less(function, threshold, sensor):
    if is_number(threshold) and sensor in _SENSORS:
        value = _value(sensor)
        _when(function, lambda: value() < threshold)


def _value(sensor):
    if sensor == "timer":
        return codey.get_timer
    device = getattr(codey, sensor).load()
    return device.get_loudness if sensor == "sound_sensor" else device.get_value
