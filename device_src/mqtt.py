"""MQTT 3.1.1 client for MicroPython: QoS 0, 1 and 2, persistent sessions, will, TLS.

    from mqtt import MQTTClient
    client = MQTTClient("thermometer", "broker.local", keepalive=60)
    client.set_callback(lambda topic, msg: print(topic, msg))
    client.connect()
    client.subscribe("room/#", qos=1)
    while True:
        client.wait_msg()

Whatever the broker does, a call ends in one of three ways, within `MQTTClient.timeout_s` for each
answer: the result, `MQTTException` (the broker refused, or broke the protocol) or `OSError` (the
network). The last two close the connection, but for a refused SUBSCRIBE; `reconnect()` opens a new
one. Wrong arguments raise `ValueError` or `TypeError` before a byte is sent.

Not bounded: `getaddrinfo`, which has the limit of the port's own resolver, and `wait_msg` without
keepalive while nothing comes (Ctrl-C ends it).

Texts of exceptions are short and local names few: each costs heap on the board (a text up to ten
characters long or a name about 25 bytes, a longer text 64 and more, a function 90 and its code).
"""

import errno

from micropython import const
from mqtt_session import MQTTException, Session, decode, packet

__version__ = "1.0.0"

_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_PUBREC = const(0x50)
_HEADER = const(5)  # the longest fixed header: type and four bytes of length
_TX = const(128)  # first size of the send buffer; one eight times as long is given back


def _binary(value):
    """Return a str or bytes argument as bytes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError("str or bytes")


def _string(value, is_utf8=True):
    """Return an argument as an MQTT string: two bytes of length, then the bytes."""
    data = _binary(value)
    size = len(data)
    if size > 65535:
        raise ValueError("too long")
    if is_utf8 and (0 in data or decode(data) is None):
        raise ValueError("not UTF-8")
    return bytes((size >> 8, size & 255)) + data


def _topic(value, is_filter=False):
    """Return a topic name or a topic filter as an MQTT string (4.7.1, 4.7.3)."""
    data = _string(value)
    # With each slash doubled a level of one character stands between two slashes of its own.
    levels = b"/" + data[2:].replace(b"/", b"//") + b"/"
    count = levels.count(b"/+/") if is_filter else 0
    end = is_filter and levels.endswith(b"/#/")
    if len(levels) < 3 or levels.count(b"+") != count or levels.count(b"#") != end:
        raise ValueError("bad topic")
    return data


def _check_qos(qos):
    if qos not in (0, 1, 2):
        raise ValueError("qos")


class MQTTClient(Session):
    """One client of one broker. Building it opens no connection."""

    def __init__(
        self,
        client_id,
        server,
        port=0,
        user=None,
        password=None,
        keepalive=0,
        ssl=False,
        ssl_params={},  # noqa: B006 - the documented signature; it is copied, never kept
    ):
        Session.__init__(self)
        self._is_random = not client_id
        if self._is_random:
            from binascii import hexlify
            from os import urandom

            # 21 characters of [0-9a-z]; every broker must take 23 of these (3.1.3-5).
            client_id = b"codey" + hexlify(urandom(8))
        if not isinstance(server, str):
            raise TypeError("server")
        if not 0 <= port | keepalive <= 65535:
            raise ValueError("port or keepalive")
        self._server = (server, port or (8883 if ssl else 1883), dict(ssl_params) if ssl else None)
        self._client_id = _string(client_id)
        self._login = (0, b"")  # flag bits of CONNECT, end of its payload
        if user is not None:
            self._login = (0x80, _string(user))
            if password is not None:
                self._login = (0xC0, _string(user) + _string(password, False))
        elif password is not None:
            raise ValueError("no user")
        self._keepalive = keepalive
        self._will = (0, b"")  # flag bits of CONNECT, middle of its payload
        self._clean = None  # the session flag of the last connect()
        self._reset_tx()

    # What a program calls.

    def set_callback(self, f):
        """Set the function that is called as f(topic, msg) for each message.

        The topic is str; the message is str when it is valid UTF-8, otherwise bytes.
        """
        if not callable(f):
            raise TypeError("not callable")
        self._callback = f

    def set_last_will(self, topic, msg, retain=False, qos=0):
        """Set what the broker publishes when this client vanishes, from the next connect() on."""
        _check_qos(qos)
        flags = 0x24 if retain else 0x04
        self._will = (flags | qos << 3, _topic(topic) + _string(msg, False))

    def connect(self, clean_session=True):
        """Connect; return whether the broker had kept a session of this client."""
        if self._is_random and not clean_session:
            raise ValueError("a session needs a client_id")
        self._clean = clean_session
        return self._start(False)

    def reconnect(self):
        """Connect as connect() did; subscribe again if the broker has lost the session."""
        if self._clean is None:
            raise OSError(errno.ENOTCONN, "connect() was not called")
        return self._start(True)

    def disconnect(self):
        """End the connection, so that the broker does not publish the will. May be called twice."""
        if self._io:
            try:
                self._send(b"\xe0\x00")
            finally:
                self._close()

    def ping(self):
        """Return when the broker has answered a PINGREQ."""
        self._send_ping()
        until = self._limit()
        while self._pings:
            self._answer(until)

    def publish(self, topic, msg, retain=False, qos=0):
        """Publish; return at once with QoS 0, after PUBACK with QoS 1, after PUBCOMP with QoS 2."""
        kind = _PUBLISH | 1 if retain else _PUBLISH
        try:
            if topic is not self._topic:
                self._put_topic(topic)
            msg = _binary(msg)
            if qos == 0:
                self._send(self._put_message(kind, 0, msg))
            else:
                _check_qos(qos)
                self._live()
                number = self._new_id()
                data = self._put_message(kind | qos << 1, number, msg)
        except MemoryError:
            raise OSError(errno.ENOMEM)
        if qos:
            entry = [number, _PUBACK if qos == 1 else _PUBREC, data]
            try:
                self._exchange(entry)
            finally:
                if entry[1]:  # unfinished: its packet is kept, and with it the send buffer
                    self._reset_tx()
        if len(self._tx) > 8 * _TX:
            self._reset_tx()

    def subscribe(self, topic, qos=0):
        """Subscribe to a topic filter, and return the QoS that the broker grants."""
        topic = _topic(topic, True)
        _check_qos(qos)
        if not self._callback:
            raise MQTTException("set_callback() was not called")
        return self._request(topic, qos)

    def unsubscribe(self, topic):
        """End the subscription to a topic filter."""
        self._request(_topic(topic, True), None)

    def wait_msg(self):
        """Wait for a message, then hand over all that are there."""
        self._receive(True)

    def check_msg(self):
        """Hand over all messages that are there; return at once when there is none."""
        self._receive(False)

    # Connection.

    def _start(self, is_again):
        """Open a connection and bring both sides to one session; return `session present`."""
        try:
            self.disconnect()
        except OSError:
            pass  # the old connection was lost, and is closed now, which is all that was wanted
        try:
            self._open(*self._server)
            self._owed = None
            self._pings = 0
            flags = self._login[0] | self._will[0] | (2 if self._clean else 0)
            head = b"\x00\x04MQTT\x04" + bytes((flags, self._keepalive >> 8, self._keepalive & 255))
            self._greeting = True
            self._send(packet(0x10, head + self._client_id + self._will[1] + self._login[1]))
            self._answer(self._limit())
            self._greeting = False
            present, code = self._ack
            if code:
                raise MQTTException(code, "refused")
            if present > (0 if self._clean else 1):
                raise MQTTException("bad packet")
            self._resume(present)
            if not present and not is_again:
                self._filters.clear()
            if not present:
                for topic in self._filters:
                    self._request(topic, self._filters[topic])
        except BaseException:
            self._close()
            raise
        return present == 1

    # The send buffer holds a PUBLISH: topic, id and message from _HEADER on, header before it.
    # The topic stays in it from call to call: `_topic` is the very object that it came from.

    def _reset_tx(self):
        self._tx = bytearray(_TX)
        self._topic = self  # no topic: None is what a program may give by mistake
        self._view = b""

    def _make_room(self, size):
        """Make the send buffer hold `size` bytes, and keep what is in it."""
        data = self._tx
        if size > len(data):
            self._tx = bytearray(size)
            self._tx[: len(data)] = data
            self._view = b""

    def _put_topic(self, topic):
        data = _topic(topic)
        self._topic = self  # until it is there: there may be no memory
        self._message_at = at = _HEADER + len(data)
        self._make_room(at)
        self._tx[_HEADER:at] = data
        self._topic = topic

    def _put_message(self, kind, number, msg):
        """Complete the PUBLISH in the send buffer, and return it as a view of that buffer."""
        at = self._message_at + (2 if number else 0)
        end = at + len(msg)
        size = end - _HEADER
        if size > 268435455:
            raise ValueError("too long")
        self._make_room(end)
        data = self._tx
        if number:
            data[at - 2] = number >> 8
            data[at - 1] = number & 255
        data[at:end] = msg
        start = 3 if size < 128 else 2 if size < 16384 else 1 if size < 2097152 else 0
        # A view takes 64 bytes of heap: one of the same length is used again.
        if len(self._view) != end - start:
            self._view = memoryview(data)[start:end]
        data[start] = kind
        for i in range(start + 1, 4):
            data[i] = size & 127 | 128
            size >>= 7
        data[4] = size
        return self._view
