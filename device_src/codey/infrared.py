"""`codey.ir`: texts and remote codes over infrared light. Source: docs/codey.md, "Infrared".

How it is sent is ours, as the vendor's modulation for texts is not known: pulses of a carrier of
38 kHz in the times of the NEC code, bytes with their lowest bit first, and the text's bytes with a
newline in the place of address and command. The carrier is a PWM that is switched by its duty, the
receiver's edges are stamped by a pin interrupt: both work on every MicroPython for the ESP32
(esp32.RMT came with 1.13 and cannot receive). Unverified on hardware.
"""

from array import array
from time import sleep_us, ticks_diff, ticks_us

from machine import PWM, Pin
from micropython import schedule

from codey import observer, script, ticker
from codey.script import whole

# As the newer revision of the board has them; an older one has them the other way round.
_SEND_PIN = 26
_RECEIVE_PIN = 5
_CARRIER_HZ = 38000
_ON = 341  # a third of the period, of 1023

# Microseconds of light and of darkness.
_LEAD = (9000, 4500)
_ZERO = (562, 562)
_ONE = (562, 1687)
# Half-way between their darknesses; a lead's light is longer than the third.
_IS_ONE = 1100
_IS_LEAD = 6000
_END = 20000  # so long a darkness ends a message
_LOST = 100000  # so long, and the rest of half a message does not come any more

_MAX_BYTES = 32


class Infrared:
    """Sender and receiver; it hears nothing while it sends."""

    def __init__(self):
        self.listeners = []  # each is called with a text that was received
        self._is_sending = False
        self._text = ""
        self._code = [0, 0]
        self._gaps = array("H", [0] * (2 * (2 + 8 * _MAX_BYTES)))
        self._count = 0
        self._last_us = ticks_us()
        self._pin = Pin(_RECEIVE_PIN, Pin.IN)
        self._listen()
        ticker.add(self._look)

    def send(self, text):
        """Send a text of at most 31 bytes; the rest is cut."""
        if type(text) is not str:
            return
        data = text.encode()[: _MAX_BYTES - 1] + b"\n"
        with whole:
            self._pin.irq(handler=None)
            try:
                self._send_whole(data)
            finally:
                self._listen()
            if observer.notify:
                observer.notify("ir", "sent", text)

    def receive(self):
        """Return the text that came last, once; an empty one if none came."""
        text, self._text = self._text, ""
        return text

    def receive_remote_code(self):
        """Return [address, data] of the remote control's key that came last, once, or [0, 0]."""
        code, self._code = self._code, [0, 0]
        return code

    def _send_whole(self, data):
        """Send as a scheduled callback, so that no other, of a timer, comes into the pulses."""
        if script.running:
            # A handler runs in one already.
            self._send(data)
            return
        self._is_sending = True
        schedule(self._send, data)
        while self._is_sending:
            pass

    def _send(self, data):
        try:
            carrier = PWM(Pin(_SEND_PIN), freq=_CARRIER_HZ, duty=0)
            try:
                for light, dark in _pulses(data):
                    _hold(carrier, _ON, light)
                    _hold(carrier, 0, dark)
            finally:
                carrier.deinit()
                Pin(_SEND_PIN, Pin.OUT, value=0)
        finally:
            self._is_sending = False

    def _listen(self):
        self._count = 0
        self._pin.irq(handler=self._edge, trigger=Pin.IRQ_FALLING | Pin.IRQ_RISING)

    def _edge(self, _):
        now = ticks_us()
        gap = min(65535, ticks_diff(now, self._last_us))
        if gap > _END:
            self._finish()
        at = self._count
        if at < len(self._gaps):
            self._gaps[at] = gap
            self._count = at + 1
        self._last_us = now

    def _look(self):
        """Take what has come, when nothing has come for a while."""
        if self._count:
            dark = ticks_diff(ticks_us(), self._last_us)
            # Edges can be told late, when something long held up their callbacks.
            if dark > _LOST or (dark > _END and decoded(self._gaps, self._count)):
                self._finish()

    def _finish(self):
        data = decoded(self._gaps, self._count)
        self._count = 0
        if data:
            self._take(data)

    def _take(self, data):
        if _is_code(data):
            self._code = [data[0], data[2]]
            if observer.notify:
                observer.notify("ir", "code", "%d %d" % (data[0], data[2]))
        else:
            try:
                self._text = text = data[:-1].decode()
            except UnicodeError:
                return
            if observer.notify:
                observer.notify("ir", "received", text)
            for listener in self.listeners:
                listener(text)


def _hold(carrier, duty, us):
    """Set the duty and keep it so long. What holds up one pulse spoils no other."""
    since = ticks_us()
    carrier.duty(duty)
    left = us - ticks_diff(ticks_us(), since)
    if left > 0:
        sleep_us(left)


def _pulses(data):
    yield _LEAD
    for byte in data:
        for place in range(8):
            yield _ONE if byte >> place & 1 else _ZERO
    yield _ZERO  # its light ends the last darkness


def decoded(gaps, count):
    """Return the bytes of a text or a code in the first `count` times between edges, or none.

    The first time is what was before the lead's light, then light and darkness take turns.
    """
    if count < 4 or gaps[1] < _IS_LEAD:
        return b""
    data = bytearray((count - 4) // 16)
    for i in range(8 * len(data)):
        if gaps[4 + 2 * i] > _IS_ONE:
            data[i >> 3] |= 1 << (i & 7)
    return bytes(data) if data[-1:] == b"\n" or _is_code(data) else b""


def _is_code(data):
    return len(data) == 4 and data[0] ^ data[1] == 255 and data[2] ^ data[3] == 255


ir = Infrared()
