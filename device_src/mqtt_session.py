"""The session of an MQTT client: exchanges with a broker that may do anything.

Between the stream and the client: packets that come are checked and acted on here, messages queued.
"""

import errno
import gc
import time

from mqtt_packet import MQTTException, decode

gc.collect()
del gc  # as in mqtt.py
from mqtt_stream import Stream  # noqa: E402


class Session(Stream):
    """What outlives a connection, and what happens on one."""

    max_queue_messages = 20  # messages that came while an acknowledgement was awaited ...
    max_queue_bytes = 8192  # ... and the bytes of their topics and payloads together
    max_packet_bytes = 32768  # a longer packet is refused with OSError(ENOMEM)

    def __init__(self):
        self._callback = None
        self._depth = 0  # calls of wait_msg that have not returned
        self._id = 0
        self._pending = []  # our unfinished exchanges: [id, type of the next answer or 0, packet]
        self._held = set()  # ids of QoS 2 messages that were handed over and not released
        self._filters = {}  # topic filter: QoS
        self._queue = []  # messages to hand over: (topic, message, qos, id, size)
        self.dropped = 0  # QoS 0 messages that did not fit into the queue

    def _new_id(self):
        """Return an id for an exchange on the open connection; no unfinished one has it."""
        self._live()
        if len(self._pending) >= self.max_queue_messages:
            raise OSError(errno.ENOMEM)
        while True:
            self._id = self._id % 65535 + 1
            for entry in self._pending:
                if entry[0] == self._id:
                    break
            else:
                return self._id

    def _resume(self, flags):
        """Bring this side to the session that a new connection has: flag 1 is `session present`."""
        # Of the queue, what we have not acknowledged comes again if the broker kept the session.
        # If it has not, it is ours, and there is nobody to acknowledge it to.
        queue, self._queue = self._queue, []
        for topic, msg, qos, _, length in queue:
            if not (flags and qos):
                self._queue.append((topic, msg, 0, 0, length))
        if not flags:
            self._pending = []
            self._held = set()
        for number, kind, data in self._pending:  # old ids, old order (4.4.0-1, 4.6.0-1)
            if kind == 0x70:
                self._signal(0x62, number)
            else:
                data[0] |= 8  # DUP
                self._send(data)

    def _signal(self, kind, number):
        """Send PUBACK 0x40, PUBREC 0x50, PUBREL 0x62 or PUBCOMP 0x70.

        With 0 for the id it is PINGREQ 0xC0 or DISCONNECT 0xE0, which have none.
        """
        self._send(bytes((kind, 2, number >> 8, number & 255) if number else (kind, 0)))

    def _answer(self, until):
        """Handle one packet while an answer is awaited, and return its type."""
        # The clock is asked first, whatever else the broker keeps sending.
        kind = time.ticks_diff(until, time.ticks_ms()) > 0 and self._step(until, True)
        if not kind:
            self._close()
            raise OSError(errno.ETIMEDOUT)
        return kind

    def wait_msg(self, _block=True):
        """Wait for a message, then hand over all that are there."""
        io = self._live()
        if self._depth > 3:  # the stack is small: the calls further out go on
            if _block:
                raise OSError(errno.ENOMEM)
            return
        self._depth += 1
        try:
            if self._owed:
                self._signal(*self._owed)
                self._owed = None
            until = time.ticks_ms()  # look first, without waiting
            while True:
                while self._queue:
                    if not self._callback:
                        raise MQTTException("set_callback")
                    _block = False
                    topic, msg, qos, number, _ = self._queue.pop(0)
                    kind = 0x40
                    if qos == 2:
                        kind = 0x50
                        if number in self._held:  # it was in the queue twice
                            self._signal(kind, number)
                            continue
                        self._held.add(number)
                    try:
                        self._callback(topic, msg)
                    except BaseException:
                        if qos and self._io is io:
                            self._owed = (kind, number)
                        raise
                    if self._io is not io:  # the callback has closed or replaced the connection
                        return
                    if qos:
                        self._signal(kind, number)
                kind = self._step(until, False)
                until = None
                if self._keepalive:
                    until = self._keep_alive(self)
                if kind:
                    until = self._heard_ms  # a moment that is over
                elif not _block:
                    return
        finally:
            self._depth -= 1

    def check_msg(self):
        """Hand over all messages that are there; return at once when there is none."""
        self.wait_msg(False)

    def ping(self):
        """Return when the broker has answered a PINGREQ."""
        self._signal(0xC0, 0)
        self._pings += 1
        until = self._limit()
        while self._pings:
            self._answer(until)

    def _step(self, until, wait):
        """Read one packet and act on it; return its type, or 0 when none has begun by `until`."""
        self._due = None  # for the rest of the packet, when that must be waited for
        if self._at == self._end:
            self._at = 0
            self._end = self._fill(self._rx, until)
            if not self._end:
                return 0
        try:
            at = self._at + 2
            if at <= self._end:  # both at once: a call costs more than all else here
                self._at = at
                kind = self._rx[at - 2]
                length = self._rx[at - 1]
            else:
                kind = self._byte()
                length = self._byte()
            at = 7
            while length >> at and at < 28:  # the last byte says that there is another one
                length += (self._byte() - 1) << at
                at += 7
            if (
                length >> 28
                or (self._ack is None) != (kind == 0x20)
                or not (
                    self._take_publish(kind, length, wait)
                    if kind >> 4 == 3
                    else self._take(kind, length)
                )
            ):
                raise MQTTException("bad packet", kind)
        except BaseException as e:
            # Part of a packet is used up: what follows makes no sense. This holds for Ctrl-C too.
            self._close()
            if isinstance(e, MemoryError):
                raise OSError(errno.ENOMEM)
            raise
        return kind

    def _take(self, kind, length):
        """Act on a packet that is no PUBLISH; return whether it was a good one."""
        if kind == 0xD0 and not length:  # PINGRESP
            if self._pings:
                self._pings -= 1
            return True
        # SUBACK; CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK
        if length != (3 if kind == 0x90 else 2 if kind in b"\x20\x40\x50\x62\x70\xb0" else -1):
            return False
        number = self._byte() << 8 | self._byte()
        code = self._byte() if length == 3 else 0
        self._ack = (number, code)
        if kind == 0x20 or not number or (code > 2 and code != 128):
            return kind == 0x20
        if kind == 0x62:
            self._held.discard(number)
            self._signal(0x70, number)
        elif kind <= 0x70:
            for entry in self._pending:
                if entry[0] == number:
                    if kind == 0x50 and entry[1] != 0x40:
                        entry[1] = 0x70
                        entry[2] = None
                    elif kind == entry[1]:
                        entry[1] = 0
                        self._pending.remove(entry)
                    else:
                        return False
                    break
            # An acknowledgement of nothing is late or doubled, and harmless.
            if kind == 0x50:
                self._signal(0x62, number)
        return True

    def _take_publish(self, kind, length, wait):
        """Queue a message; return whether its packet was a good one."""
        qos = kind >> 1 & 3
        count = length - (4 if qos else 2)  # of topic and message
        if qos == 3 or kind & 0x0E == 0x08 or count < 1:
            return False
        if length > self.max_packet_bytes:
            raise MemoryError
        if wait:
            at = count
            for entry in self._queue:
                at += entry[4]
            if at > self.max_queue_bytes or len(self._queue) >= self.max_queue_messages:
                if qos:
                    raise MemoryError
                self.dropped += 1
                for _ in range(length):
                    self._byte()
                return True
        data = self._body(length)
        at = 2 + (data[0] << 8 | data[1])
        topic = decode(data[2:at])
        number = 0
        if qos:
            at += 2
            number = at <= length and data[at - 2] << 8 | data[at - 1]
        if at > length or not topic or (qos and not number):
            return False
        if "\x00" in topic or "+" in topic or "#" in topic:
            return False
        if qos == 2:
            if number in self._held:  # it was handed over already (4.3.3-2)
                self._signal(0x50, number)
                return True
            if len(self._held) > 255:
                raise MemoryError
        data = data[at:]
        msg = decode(data)
        self._queue.append((topic, bytes(data) if msg is None else msg, qos, number, count))
        return True
