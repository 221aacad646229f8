"""Observation of a program on the board, from beside it.

    import hilprobe
    hilprobe.arm(hosts={"mq.makeblock.com": ("192.168.1.5", 18830)}, wifi=("lab", "secret"))

The program that runs afterwards is not changed by one character: each effect prints a record, and
the host names and Wi-Fi credentials that it uses are replaced on their way. Nobody imports this
module but the harness; until arm() nothing of it is in anybody's way, and after disarm() nothing is
left.

A record is one line, written in one piece between the program's own output: 1E, JSON in ASCII, 1F,
the sum of the JSON's bytes modulo 65536 as four hex digits, newline. The JSON is an object with
"k", the kind, "t", the board's ticks in ms, and

    display   "px": 32 hex digits as in show_image, "text": str or null,
              "how": show scroll image pixel clear
    led       "rgb": [r, g, b]
    wifi      "state": start connecting connected lost
    speaker   "hz": the tone that sounds from now on, 0 for none, "volume": 0 to 100
    ir        "what": sent received code, "text": str; of a code "address data"
    broadcast "text": str
    handler   "name": of the function, "what": begin end
    mark      "name": str, "value": anything JSON has
    snapshot  "commanded": {"px", "text", "rgb"} or null when not armed,
              "device": {"px", "rgb"}, "armed": bool
"""

import gc
import json
import sys
from binascii import hexlify
from time import ticks_ms

__version__ = "1.0.0"

# Characters of a text in a record, 12 bytes each at most: a reader need not hold more than 4 KiB.
_MAX_TEXT = 256
# The names of what `codey` tells with each kind; of the display more is told than here.
_FIELDS = {
    "led": ("rgb",),
    "wifi": ("state",),
    "speaker": ("hz", "volume"),
    "ir": ("what", "text"),
    "broadcast": ("text",),
    "handler": ("name", "what"),
}
_armed = None  # the _Armed that is in force


class _Proxy:
    """Stands in for a module or an object: what it does not have itself is that one's."""

    def __init__(self, real):
        self._real = real

    def __getattr__(self, name):
        return getattr(self._real, name)


class _Socket(_Proxy):
    """`socket`, with other addresses behind some host names."""

    def __init__(self, real, hosts):
        self._real = real
        self._hosts = hosts

    def getaddrinfo(self, host, port, *rest):
        target = self._hosts.get(host)
        if target is None and not host.replace(".", "").isdigit():
            target = self._hosts.get("*")
        if target:
            host, port = target
        return self._real.getaddrinfo(host, port, *rest)


class _Network(_Proxy):
    """`network`, whose stations connect to the lab's Wi-Fi whatever they are told."""

    def __init__(self, real, wifi):
        self._real = real
        self.WLAN = _WlanType(real.WLAN, wifi)


class _WlanType(_Proxy):
    def __init__(self, real, wifi):
        self._real = real
        self._wifi = wifi

    def __call__(self, *arguments):
        return _Wlan(self._real(*arguments), self._wifi)


class _Wlan(_Proxy):
    def __init__(self, real, wifi):
        self._real = real
        self._wifi = wifi

    def connect(self, *_arguments, **_options):
        self._real.connect(*self._wifi)


class _Armed:
    """What arm() has changed, and how to take it back."""

    def __init__(self, kinds):
        self.kinds = kinds
        self.text = None
        self.px = None
        self.rgb = (0, 0, 0)
        self._replaced = []  # (module, name, what was there)

    def replace(self, names, proxy):
        """Put `proxy` in the place of a module, also where that was imported before."""
        real = proxy._real
        for module in list(sys.modules.values()):
            for name in names:
                if getattr(module, name, None) is real and module is not sys.modules.get(__name__):
                    self._replaced.append((module, name, real))
                    setattr(module, name, proxy)
        for name in names:
            self._replaced.append((None, name, sys.modules.get(name)))
            sys.modules[name] = proxy

    def restore(self):
        """Take everything back, the last change first."""
        for module, name, before in reversed(self._replaced):
            if module is not None:
                setattr(module, name, before)
            elif before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = before

    def notify(self, kind, *details):
        """Take note of an effect, and print its record. Called by `codey`."""
        if kind == "display":
            how, self.text = details
            self.px = _pixels()
            fields = {"px": self.px, "text": self.text, "how": how}
        else:
            fields = dict(zip(_FIELDS[kind], details))  # noqa: B905, no strict on the board
            self.rgb = fields.get("rgb", self.rgb)
        if self.kinds is None or kind in self.kinds:
            _print_record(kind, fields)


def arm(records=True, hosts=None, wifi=None, names=None):
    """Begin to observe and to redirect, in the place of what an earlier call has set.

    records: whether each effect prints a record.
    hosts: {host name: (address, port)}; the key "*" is any name. A numeric address is redirected
        when it is a key itself.
    wifi: (name, password), used in the place of whatever the program gives.
    names: the kinds of records to print, None for all.
    """
    global _armed
    disarm()
    armed = _Armed((() if not records else names))
    # Between what is loaded here and by the program next, so that the heap stays in one piece: the
    # largest was 20 KB of 75 without, on a virtual board.
    gc.collect()
    if hosts:
        import socket

        armed.replace(("socket", "usocket"), _Socket(socket, dict(hosts)))
    if wifi:
        import network

        armed.replace(("network",), _Network(network, tuple(wifi)))
    from codey import observer

    observer.notify = armed.notify
    armed.px = _pixels()
    _armed = armed
    gc.collect()


def disarm():
    """Take back all that arm() has changed."""
    global _armed
    if _armed:
        from codey import observer

        observer.notify = None
        _armed.restore()
        _armed = None


def mark(name, value=None):
    """Print a record of a program's own, such as "subscribed"."""
    _print_record("mark", {"name": name, "value": value})


def snapshot():
    """Print what the API was told and what the board's own buffers hold."""
    import codey

    device = {"px": _pixels(), "rgb": codey.led.rgb}
    commanded = None
    if _armed:
        commanded = {"px": _armed.px, "text": _armed.text, "rgb": _armed.rgb}
    _print_record(
        "snapshot", {"commanded": commanded, "device": device, "armed": _armed is not None}
    )


def _pixels():
    from codey import display

    return hexlify(display.buffer).decode()


def _print_record(kind, fields):
    fields["k"] = kind
    fields["t"] = ticks_ms()
    text = fields.get("text")
    if text and len(text) > _MAX_TEXT:
        fields["text"] = text[:_MAX_TEXT]
    # MicroPython's JSON leaves characters beyond ASCII as they are. In JSON such a character
    # can only stand in a string, where its escape means the same.
    data = "".join([c if ord(c) < 127 else _escape(ord(c)) for c in json.dumps(fields)])
    sys.stdout.write("\x1e%s\x1f%04x\n" % (data, sum(data.encode()) & 0xFFFF))


def _escape(number):
    if number < 0x10000:
        return "\\u%04x" % number
    number -= 0x10000
    return "\\u%04x\\u%04x" % (0xD800 | number >> 10, 0xDC00 | number & 0x3FF)
