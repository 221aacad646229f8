"""`machine.PWM`."""

from _gpio import Pin, drive


class PWM:
    """A LEDC channel; the duty is kept in 16 bits and reported whenever it is set."""

    def __init__(self, dest, freq=None, duty=None, duty_u16=None, duty_ns=None, invert=None):
        self._pin = Pin(dest).id
        if self._pin >= 34:
            raise ValueError("invalid pin")
        self._hz = 5000
        # The half, as on a board whose program gives no duty.
        self._duty = 32768
        self._is_inverted = False
        self.init(freq, duty, duty_u16, duty_ns, invert)

    def init(self, freq=None, duty=None, duty_u16=None, duty_ns=None, invert=None):
        if freq is not None:
            self._hz = self._checked(freq, 1, 40000000)
        if duty is not None:
            self._duty = self._checked(duty, 0, 1023) << 6
        if duty_u16 is not None:
            self._duty = self._checked(duty_u16, 0, 65535)
        if duty_ns is not None:
            self._duty = min(65535, duty_ns * self._hz * 65536 // 1000000000)
        if invert is not None:
            self._is_inverted = bool(invert)
        duty = self._duty
        drive(self._pin, min(65535, 65536 - duty) if self._is_inverted else duty, self._hz)

    def _checked(self, value, low, high):
        value = int(value)
        if not low <= value <= high:
            raise ValueError("value must be from " + str(low) + " to " + str(high))
        return value

    def freq(self, hz=None):
        if hz is None:
            return self._hz
        return self.init(freq=hz)

    def duty(self, value=None):
        if value is None:
            return self._duty >> 6
        return self.init(duty=value)

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        return self.init(duty_u16=value)

    def duty_ns(self, value=None):
        if value is None:
            return self._duty * 1000000000 // (65536 * self._hz)
        return self.init(duty_ns=value)

    def deinit(self):
        drive(self._pin, 0, 0, 0)
