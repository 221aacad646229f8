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
import gc

# Around each import that compiles much, here and in mqtt_session.py: what lies about would be in
# the way, and on a board with little heap the compiler needs more of it than the client ever does.
# The session comes before the stream that it imports: the file that needs most while it is compiled
# then meets the least of the others.
gc.collect()
from mqtt_session import Session  # noqa: E402

gc.collect()
del gc  # the next name gets its place: the table of a module's names grows in steps
from mqtt_packet import MQTTException, binary, string, topic_string  # noqa: E402

__version__ = "1.0.0"


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
        ssl_params=(),  # a dict; an empty one would take heap
    ):
        Session.__init__(self)
        self._is_random = not client_id
        if not client_id:
            from binascii import hexlify
            from os import urandom

            # 20 characters of [0-9a-f]; every broker must take 23 of [0-9a-zA-Z] (3.1.3-5).
            client_id = hexlify(urandom(10))
        if not isinstance(server, str):
            raise TypeError("server")
        if not 0 <= port | keepalive <= 65535:
            raise ValueError("uint16")
        if ssl:
            port = port or 8883
            ssl = {"server_hostname": server}  # what the certificate must be for
            ssl.update(ssl_params)
        self._server = (server, port or 1883, ssl)
        self._client_id = string(client_id, True)
        # Of CONNECT: its flag bits, and parts of its payload.
        self._flags = 0
        self._will = self._login = b""
        if user is not None:
            self._flags = 0x80
            self._login = string(user, True)
        if password is not None:
            if user is None:
                raise ValueError("user")
            self._flags = 0xC0
            self._login += string(password, False)
        self._keepalive = keepalive
        if keepalive:
            from mqtt_keepalive import keep_alive

            self._keep_alive = keep_alive
        self._clean = None  # the session flag of the last connect()
        self._topic = self  # of the last publish(); no topic yet, and not None: that can be given

    # What a program calls.

    def set_callback(self, f):
        """Set the function that is called as f(topic, msg) for each message.

        The topic is str; the message is str when it is valid UTF-8, otherwise bytes.
        """
        if not callable(f):
            raise TypeError("callable")
        self._callback = f

    def set_last_will(self, topic, msg, retain=False, qos=0):
        """Set what the broker publishes when this client vanishes, from the next connect() on."""
        topic = topic_string(topic, qos, False)
        self._will = topic + string(msg, False)
        self._flags = self._flags & 0xC0 | (0x24 if retain else 4) | qos << 3

    def connect(self, clean_session=True):
        """Connect; return whether the broker had kept a session of this client."""
        if self._is_random and not clean_session:
            raise ValueError("client_id")
        if clean_session or self._clean:  # a session that is new, or the end of one
            self._filters = {}
        self._clean = clean_session
        return self.reconnect()

    def reconnect(self):
        """Connect as connect() did; subscribe again if the broker has lost the session."""
        if self._clean is None:
            raise OSError(errno.ENOTCONN, "connect()")
        try:
            self.disconnect()
        except OSError:
            pass  # the old connection was lost, and is closed now, which is all that was wanted
        try:
            self._open(*self._server)
            self._owed = None
            self._pings = 0
            flags = self._flags | (2 if self._clean else 0)
            data = bytes((4, flags, self._keepalive >> 8, self._keepalive & 255))
            data = string("MQTT", True) + data + self._client_id + self._will + self._login
            self._ack = None  # CONNACK is due, and nothing else
            self._send(self._put(0x10, data, 0, b""))
            self._answer(self._limit())
            flags, code = divmod(self._ack[0], 256)
            if code:
                reason = MQTTException("refused")
                reason.code = code
                raise reason
            if flags > (not self._clean):
                raise MQTTException("CONNACK")
            self._resume(flags)
            if not flags:
                for topic in self._filters:
                    self._request(topic, self._filters[topic])
        except BaseException:
            self._close()
            raise
        return flags == 1

    def disconnect(self):
        """End the connection, so that the broker does not publish the will. May be called twice."""
        if self._io:
            self._signal(0xE0, 0)
            self._close()

    def publish(self, topic, msg, retain=False, qos=0):
        """Publish; return at once with QoS 0, after PUBACK with QoS 1, after PUBCOMP with QoS 2."""
        try:
            if topic is not self._topic:
                self._name = topic_string(topic, qos, False)
                self._topic = topic
            number = 0
            if qos:
                if qos not in range(3):
                    raise ValueError("qos")
                number = self._new_id()
            data = self._put((0x31 if retain else 0x30) | qos << 1, self._name, number, binary(msg))
        except MemoryError:
            raise OSError(errno.ENOMEM)
        if not qos:
            self._send(data)
            return
        entry = [number, (3 + qos) << 4, data]  # what comes next: PUBACK 0x40, PUBREC 0x50
        self._pending.append(entry)
        buffer, self._tx = self._tx, b""  # an unfinished exchange keeps it
        self._send(data)
        while entry[1]:
            kind = entry[1]
            until = self._limit()
            while kind == entry[1]:
                self._answer(until)
        self._tx = buffer

    def subscribe(self, topic, qos=0):
        """Subscribe to a topic filter, and return the QoS that the broker grants."""
        topic = topic_string(topic, qos, True)
        if not self._callback:
            raise MQTTException("set_callback")
        return self._request(topic, qos)

    def unsubscribe(self, topic):
        """End the subscription to a topic filter."""
        self._request(topic_string(topic, 0, True), None)

    def _request(self, topic, qos):
        """Send SUBSCRIBE, or with None for `qos` UNSUBSCRIBE, and wait for its acknowledgement."""
        number = self._new_id()
        kind, data = 0xA2, topic
        if qos is not None:
            kind, data = 0x82, topic + bytes((qos,))
        self._send(self._put(kind, b"", number, data))
        until = self._limit()
        # The acknowledgement has the next type and no flags: SUBACK 0x90, UNSUBACK 0xB0.
        while self._answer(until) != kind + 14 or self._ack[0] != number:
            pass
        code = self._ack[1]
        if qos is None:
            self._filters.pop(topic, None)
        elif code == 128:
            reason = MQTTException("refused")
            reason.code = code
            raise reason
        else:
            self._filters[topic] = qos
        return code
