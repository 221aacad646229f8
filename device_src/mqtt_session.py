"""The session of an MQTT client: exchanges with a broker that may do anything.

Between the stream and the client: packets that come are checked and acted on here, messages queued.
"""

import errno
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const
from mqtt_stream import Stream

_PUBACK = const(0x40)
_PUBREC = const(0x50)
_PUBREL = const(0x62)  # PUBREL, SUBSCRIBE and UNSUBSCRIBE carry the flag bits 0010
_PUBCOMP = const(0x70)


class MQTTException(Exception):
    """The broker refused something, or broke the protocol."""

    @property
    def code(self):
        """The return code of CONNACK or SUBACK, or None when the broker gave none."""
        code = self.args[0]
        return code if isinstance(code, int) else None


def decode(data):
    """Return `data` as str, or None when it is not strict UTF-8.

    MicroPython's decoder lets surrogates, overlong forms and too large numbers through. Text of
    ASCII alone is valid, and known by its length; only other text is looked at one by one.
    """
    try:
        text = str(data, "utf-8")
    except UnicodeError:
        return None
    size = len(data)
    if len(text) != size:
        for i in text:
            number = ord(i)
            if 0xD800 <= number < 0xE000 or number > 0x10FFFF:
                return None
            size -= 1 if number < 0x80 else 2 if number < 0x800 else 3 if number < 0x10000 else 4
        if size:
            return None
    return text


def packet(kind, data):
    """Return a control packet with its remaining length."""
    size = len(data)
    head = bytearray((kind,))
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    head.append(size)
    return head + data


class Session(Stream):
    """What outlives a connection, and what happens on one."""

    max_queue_messages = 20  # messages that came while an acknowledgement was awaited ...
    max_queue_bytes = 8192  # ... and the bytes of their topics and payloads together
    max_packet_bytes = 32768  # a longer packet is refused with OSError(ENOMEM)

    def __init__(self):
        Stream.__init__(self)
        self._callback = None
        self._depth = 0  # calls of the callback that have not returned
        self._keepalive = 0
        # Of the connection.
        self._greeting = False  # CONNACK is due, and nothing else
        self._pings = 0  # PINGREQ without PINGRESP
        self._ack = (0, 0)  # id and code in the acknowledgement that came last
        self._owed = None  # (type, id) for a message whose callback has raised
        # Of the session.
        self._id = 0
        self._pending = []  # our unfinished exchanges: [id, type of the next answer or 0, packet]
        self._held = set()  # ids of QoS 2 messages that were handed over and not released
        self._filters = {}  # topic filter: QoS
        self._queue = []  # messages to hand over: (topic, message, qos, id, size)
        self.dropped = 0  # QoS 0 messages that did not fit into the queue

    # Exchanges.

    def _new_id(self):
        """Return an id that no unfinished exchange has."""
        if len(self._pending) >= self.max_queue_messages:
            raise OSError(errno.ENOMEM)
        while True:
            self._id = self._id % 65535 + 1
            if not self._find(self._id):
                return self._id

    def _find(self, number):
        for entry in self._pending:
            if entry[0] == number:
                return entry
        return None

    def _exchange(self, entry):
        """Send a PUBLISH and wait for all its answers; until then it is among the unfinished."""
        self._pending.append(entry)
        self._send(entry[2])
        while entry[1]:
            kind = entry[1]
            until = self._limit()
            while kind == entry[1]:
                self._answer(until)

    def _resume(self, present):
        """Bring this side to the session that a new connection has."""
        # Of the queue, what we have not acknowledged comes again if the broker kept the session.
        # If it has not, it is ours, and there is nobody to acknowledge it to.
        data, self._queue = self._queue, []
        for topic, msg, qos, _, size in data:
            if not (present and qos):
                self._queue.append((topic, msg, 0, 0, size))
        if not present:
            self._pending = []
            self._held.clear()
        for entry in self._pending:  # with their old ids, in their order (4.4.0-1, 4.6.0-1)
            if entry[1] == _PUBCOMP:
                self._acknowledge(_PUBREL, entry[0])
            else:
                entry[2][0] |= 8  # DUP
                self._send(entry[2])

    def _request(self, topic, qos):
        """Send SUBSCRIBE, or with None for `qos` UNSUBSCRIBE, and wait for its acknowledgement."""
        self._live()
        kind, data = 0xA2, topic
        if qos is not None:
            kind, data = 0x82, topic + bytes((qos,))
        number = self._new_id()
        self._send(packet(kind, bytes((number >> 8, number & 255)) + data))
        until = self._limit()
        # The acknowledgement has the next type and no flags: SUBACK 0x90, UNSUBACK 0xB0.
        while self._answer(until) != kind + 14 or self._ack[0] != number:
            pass
        code = self._ack[1]
        if qos is None:
            self._filters.pop(topic, None)
        elif code == 128:
            raise MQTTException(code, "refused")
        else:
            self._filters[topic] = qos
        return code

    def _acknowledge(self, kind, number):
        self._send(bytes((kind, 2, number >> 8, number & 255)))

    def _send_ping(self):
        self._pings += 1
        self._send(b"\xc0\x00")

    def _answer(self, until):
        """Handle one packet while an answer is awaited, and return its type."""
        # The clock is asked first, whatever else the broker keeps sending.
        kind = ticks_diff(until, ticks_ms()) > 0 and self._step(until, True)
        if not kind:
            self._close()
            raise OSError(errno.ETIMEDOUT)
        return kind

    # Receiving.

    def _receive(self, block):
        io = self._live()
        if self._depth > 3:  # the stack is small: the calls further out go on
            if block:
                raise OSError(errno.ENOMEM)
            return
        owed, self._owed = self._owed, None
        if owed:
            self._acknowledge(*owed)
        until = ticks_ms()  # look first, without waiting
        while True:
            while self._queue:
                if not self._callback:
                    raise MQTTException("no callback")
                block = False
                topic, msg, qos, number, _ = self._queue.pop(0)
                kind = _PUBACK
                if qos == 2:
                    kind = _PUBREC
                    self._held.add(number)
                self._depth += 1
                try:
                    self._callback(topic, msg)
                except BaseException:
                    if qos and self._io is io:
                        self._owed = (kind, number)
                    raise
                finally:
                    self._depth -= 1
                if self._io is not io:  # the callback has closed or replaced the connection
                    return
                if qos:
                    self._acknowledge(kind, number)
            kind = self._step(until, False)
            until = None
            if self._keepalive:
                until = self._keep_alive()
            if kind:
                until = ticks_ms()
            elif not block:
                return

    def _keep_alive(self):
        """Send PINGREQ when it is time; return when to look again, in ticks.

        A ping goes out after half of the keepalive without a packet in one of the directions. A
        broker that has been silent for 1.5 of it is given up.
        """
        half = self._keepalive * 500
        now = ticks_ms()
        silent = ticks_diff(now, self._heard_ms)
        idle = ticks_diff(now, self._sent_ms)
        if self._pings and silent >= 3 * half:
            self._close()
            raise OSError(errno.ETIMEDOUT)
        if idle >= half or (silent >= half and not self._pings):
            if silent > half and not self._pings:
                # The program was busy with other things: its silence is counted from now.
                self._heard_ms = ticks_add(now, -half)
            self._send_ping()
            idle = 0
        return ticks_add(now, half - max(idle, 0 if self._pings else silent))

    def _step(self, until, is_queueing):
        """Read one packet and act on it; return its type, or 0 when none has begun by `until`."""
        if not self._begin(until):
            return 0
        try:
            return self._take(is_queueing)
        except BaseException as e:
            # Part of a packet is used up: what follows makes no sense. This holds for Ctrl-C too.
            self._close()
            if isinstance(e, MemoryError):
                raise OSError(errno.ENOMEM)
            raise

    def _take(self, is_queueing):
        """Read the packet that has begun, and act on it."""
        kind = self._byte()
        size = shift = 0
        while True:
            code = self._byte()
            size |= (code & 127) << shift
            shift += 7
            if code < 128:
                break
            if shift > 21:
                raise MQTTException("bad packet", kind)
        if self._greeting != (kind == 0x20):
            raise MQTTException("bad packet", kind)
        if kind >> 4 == 3:
            self._take_publish(kind, size, is_queueing)
            return kind
        if kind == 0xD0 and size == 0:  # PINGRESP
            if self._pings:
                self._pings -= 1
            return kind
        # SUBACK; CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK
        if size != (3 if kind == 0x90 else 2 if kind in b"\x20\x40\x50\x62\x70\xb0" else -1):
            raise MQTTException("bad packet", kind)
        number = self._byte()
        code = self._byte()
        if kind == 0x20:
            self._ack = (number, code)
            return kind
        number = number << 8 | code
        code = self._byte() if size == 3 else 0
        self._ack = (number, code)
        if not number or code not in (0, 1, 2, 128):
            raise MQTTException("bad packet", kind)
        if kind == _PUBREL:
            self._held.discard(number)
            self._acknowledge(_PUBCOMP, number)
        elif kind <= _PUBCOMP:
            entry = self._find(number)
            if entry:
                if kind == _PUBREC and entry[1] != _PUBACK:
                    entry[1] = _PUBCOMP
                    entry[2] = None
                elif kind == entry[1]:
                    entry[1] = 0
                    self._pending.remove(entry)
                else:
                    raise MQTTException("bad packet", kind)
            # An acknowledgement of nothing is late or doubled, and harmless.
            if kind == _PUBREC:
                self._acknowledge(_PUBREL, number)
        return kind

    def _take_publish(self, kind, size, is_queueing):
        qos = kind >> 1 & 3
        length = size - (4 if qos else 2)  # of topic and message
        if qos == 3 or kind & 0x0E == 0x08 or length < 1:
            raise MQTTException("bad packet", kind)
        if size > self.max_packet_bytes:
            raise MemoryError
        if is_queueing:
            count = length
            for entry in self._queue:
                count += entry[4]
            if count > self.max_queue_bytes or len(self._queue) >= self.max_queue_messages:
                if qos:
                    raise MemoryError
                self.dropped += 1
                for _ in range(size):
                    self._byte()
                return
        self._need(size)
        rx = self._rx
        at = self._at
        self._at = end = at + size
        i = at + 2
        at = i + (rx[at] << 8 | rx[at + 1])
        start = at + 2 if qos else at
        if start > end:
            raise MQTTException("bad packet", kind)
        data = memoryview(rx)
        topic = decode(data[i:at])
        if not topic or "\x00" in topic or "+" in topic or "#" in topic:
            raise MQTTException("bad topic", kind)
        number = 0
        if qos:
            number = rx[at] << 8 | rx[at + 1]
            if not number:
                raise MQTTException("bad packet", kind)
        if qos == 2:  # once only (4.3.3-2)
            if number in self._held:
                self._acknowledge(_PUBREC, number)
                return
            for entry in self._queue:
                if entry[2] == 2 and entry[3] == number:
                    return
            if len(self._held) > 255:
                raise MemoryError
        data = data[start:end]
        msg = decode(data)
        self._queue.append((topic, bytes(data) if msg is None else msg, qos, number, length))
