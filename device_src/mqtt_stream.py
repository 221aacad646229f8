"""The connection of an MQTT client: bytes in both directions, over TCP or TLS, every wait limited.

Below the session: this file knows where a packet begins and ends, and nothing of what it means.
"""

import errno
import select
import socket
import sys
from time import ticks_add, ticks_diff, ticks_ms


class Stream:
    """One connection at a time. Whatever goes wrong in it closes it."""

    # For a connection attempt, a handshake, an answer, a write, the rest of a packet.
    timeout_s = 10

    _sock = None  # what is polled
    _io = None  # what is read and written: the socket, or TLS on it
    _tx = _view = b""  # the send buffer, and the packet that it held last

    def _open(self, host, port, tls):
        """Connect to the first address of a host that answers.

        `tls` are the arguments of ssl.wrap_socket, or nothing for no TLS.
        """
        until = self._limit()
        # A view, so that each part of it is one at once. A packet that is not wholly in it gets a
        # buffer of its own.
        self._rx = memoryview(bytearray(256))
        self._at = self._end = 0  # _rx[_at:_end] was read and is not used yet
        reason = OSError(errno.ENOTCONN)
        for data in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
            try:
                self._sock = io = socket.socket(data[0], socket.SOCK_STREAM)
                self._poll = select.poll()
                self._poll.register(io)
                self._event = select.POLLOUT  # what a write waits for
                # Non-blocking all the time, and poll() with a limit: a socket's own time-out is not
                # kept by connect() on lwIP, nor by TLS on top of the socket.
                io.setblocking(False)
                try:
                    io.connect(data[-1])
                except OSError as e:
                    # ESP32 has 119, whatever errno says.
                    if e.args[0] not in (errno.EINPROGRESS, 115, 119):
                        raise
                code = self._wait(select.POLLOUT, until)
                if code != select.POLLOUT:
                    if code:
                        io.recv(1)  # raises the reason
                    raise OSError(errno.ETIMEDOUT)
                # Without it an acknowledgement of ours that the broker's TCP has not confirmed
                # holds back the next packet for 40 ms. MicroPython's Unix port has the option, but
                # no name for it.
                if hasattr(socket, "TCP_NODELAY") or sys.platform == "linux":
                    io.setsockopt(6, 1, 1)
                if tls:
                    from ssl import wrap_socket

                    # The handshake is part of the first write, and waits for what the peer says.
                    io = wrap_socket(io, do_handshake=False, **tls)
                    self._event = select.POLLIN
                self._io = io
                return
            except OSError as e:
                self._close()
                reason = e
        raise reason

    def _close(self):
        """Give the socket back. May be called twice."""
        io, data = self._io, self._sock
        self._io = self._sock = None
        if io:
            io.close()
        if data and data is not io:
            data.close()

    def _live(self):
        """Return the open connection."""
        if not self._io:
            raise OSError(errno.ENOTCONN)
        return self._io

    def _limit(self):
        """Return the moment, in ticks, by which what begins now must be complete."""
        return ticks_add(ticks_ms(), int(self.timeout_s * 1000))

    def _wait(self, event, until):
        """Wait for the socket, return what poll() says; 0 at `until`, None is no limit."""
        count = -1
        if until is not None:
            count = ticks_diff(until, ticks_ms())
            if count <= 0:
                return 0
        self._poll.modify(self._sock, event)
        data = self._poll.poll(count)
        return data[0][1] if data else 0

    # Sending. One write for each packet: several small ones meet Nagle's algorithm here and delayed
    # acknowledgement at the broker, and cost 40 ms.

    def _send(self, data):
        io = self._live()
        try:
            count = io.write(data)
            if count != len(data):
                until = self._limit()
                data = memoryview(data)[count or 0 :]
                while len(data):
                    if not self._wait(self._event, until):
                        raise OSError(errno.ETIMEDOUT)
                    data = data[io.write(data) or 0 :]
                self._event = select.POLLOUT
        except BaseException as e:  # a packet was cut in two: nothing more can be sent here
            self._close()
            # A certificate that does not fit, or an error of mbedTLS: their numbers are below 0.
            if isinstance(e, ValueError) or (isinstance(e, OSError) and e.args[0] < 0):
                raise OSError(errno.ECONNABORTED, "TLS: " + str(e.args[-1]).strip())
            raise
        self._sent_ms = ticks_ms()

    def _put(self, kind, head, number, tail):
        """Return a packet, in the send buffer: what is before its id, its id, and what follows."""
        # The fixed header, 2 to 5 bytes, is put in last, right before the rest.
        at = 5 + len(head)
        end = at + len(tail) + (2 if number else 0)
        data = self._tx
        if len(data) < end:
            data = bytearray(max(end, 128))
            self._view = b""
            if end <= 1024:
                self._tx = data  # for the next one, too
        data[5:at] = head
        if number:
            data[at] = number >> 8
            data[at + 1] = number & 255
            at += 2
        data[at:end] = tail
        length = end - 5
        at = 3 if length < 128 else 2 if length < 16384 else 1 if length < 2097152 else 0
        data[at] = kind
        head = self._view
        if len(head) != end - at:  # a view takes 64 bytes of heap
            head = memoryview(data)[at:end]
            if end <= 1024:
                self._view = head
        while at < 3:
            at += 1
            data[at] = length & 127 | 128
            length >>= 7
        data[4] = length
        return head

    # Receiving.

    def _byte(self):
        """Return the next byte of the packet that has begun."""
        if self._at == self._end:
            self._end = self._fill(self._rx, False)
            self._at = 0
        at = self._at
        self._at = at + 1
        return self._rx[at]

    def _body(self, length):
        """Return the next `length` bytes of the packet that has begun."""
        at = self._at
        count = self._end - at
        data = self._rx[at : at + length]
        if length <= count:
            self._at = at + length
            return data
        self._at = self._end
        io = memoryview(bytearray(length))
        io[:count] = data[:count]
        while count < length:
            count += self._fill(io[count:], False)
        return io

    def _fill(self, data, until):
        """Read at least a byte into `data`, and return how many; 0 when none came by `until`.

        With False it is the rest of a packet, which must come in time.
        """
        if until is False:
            until = self._due = self._due or self._limit()
        while True:
            try:
                count = self._io.readinto(data)
                if count:
                    self._heard_ms = ticks_ms()
                    return count
                if count == 0:
                    raise OSError(errno.ECONNRESET)
            except BaseException:
                self._close()
                raise
            if not self._wait(select.POLLIN, until):
                if self._due:
                    raise OSError(errno.ETIMEDOUT)
                return 0
