"""The connection of an MQTT client: bytes in both directions, over TCP or TLS, every wait limited.

Below the session: this file knows where a packet begins, and nothing of what is in it.
"""

import errno
import select
import socket
import sys
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

_RX = const(256)  # size of the receive buffer; a longer packet gets one of its own


class Stream:
    """One connection at a time. Whatever goes wrong in it closes it."""

    # For a connection attempt, a handshake, an answer, a write, the rest of a packet.
    timeout_s = 10

    def __init__(self):
        self._sock = None  # what is polled
        self._io = None  # what is read and written: the socket, or TLS on it
        self._sent_ms = self._heard_ms = 0
        # The receive buffer: _rx[_at:_end] was read and is not used yet.
        self._rx = bytearray(_RX)
        self._at = self._end = 0

    def _open(self, host, port, tls):
        """Connect to the first address of a host that answers.

        `tls` are the arguments of ssl.wrap_socket, or None for no TLS.
        """
        until = self._limit()
        error = OSError(errno.ENOTCONN)
        for info in socket.getaddrinfo(host, port):
            if info[1] in (0, socket.SOCK_STREAM):  # 0: lwIP
                try:
                    return self._dial(info, tls, until)
                except OSError as e:
                    self._close()
                    error = e
        raise error

    def _dial(self, info, tls, until):
        self._sock = sock = socket.socket(info[0], socket.SOCK_STREAM)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        # Non-blocking all the time, and poll() with a limit: a socket's own time-out is not kept by
        # connect() on lwIP, nor by TLS on top of the socket.
        sock.setblocking(False)
        try:
            sock.connect(info[-1])
        except OSError as e:
            if e.args[0] not in (errno.EINPROGRESS, 115, 119):  # ESP32 has 119, whatever errno says
                raise
        if self._writable(until) & (select.POLLERR | select.POLLHUP):
            sock.recv(1)  # raises the reason
            raise OSError(errno.ECONNREFUSED)
        # Without it an acknowledgement of ours that the broker's TCP has not confirmed holds back
        # the next packet for 40 ms. MicroPython's Unix port has the option, but no name for it.
        if hasattr(socket, "TCP_NODELAY") or sys.platform == "linux":
            sock.setsockopt(6, 1, 1)
        self._io = sock
        if tls is not None:
            from ssl import wrap_socket

            sock.settimeout(max(1, ticks_diff(until, ticks_ms())) / 1000)
            try:
                self._io = wrap_socket(sock, **tls)
            except ValueError as e:  # MicroPython's form of a certificate that does not fit
                raise OSError(errno.ECONNABORTED, e.args[0])
            sock.setblocking(False)

    def _close(self):
        """Give the socket back. May be called twice."""
        io, sock = self._io, self._sock
        self._io = self._sock = None
        self._at = self._end = 0
        if io:
            io.close()
        if sock and sock is not io:
            sock.close()

    def _live(self):
        """Return the open connection."""
        if not self._io:
            raise OSError(errno.ENOTCONN)
        return self._io

    def _limit(self):
        """Return the moment, in ticks, by which what begins now must be complete."""
        return ticks_add(ticks_ms(), int(self.timeout_s * 1000))

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
                    self._writable(until)
                    data = data[io.write(data) or 0 :]
        except BaseException:  # a packet was cut in two: nothing more can be sent here
            self._close()
            raise
        self._sent_ms = ticks_ms()

    def _writable(self, until):
        """Wait until the socket takes bytes, and return what poll() says of it."""
        self._poll.modify(self._sock, select.POLLOUT)
        data = self._poll.poll(max(0, ticks_diff(until, ticks_ms())))
        if not data:
            raise OSError(errno.ETIMEDOUT)
        self._poll.modify(self._sock, select.POLLIN)
        return data[0][1]

    # Receiving.

    def _begin(self, until):
        """Wait until a packet has begun; False when none has by `until`, None being no limit."""
        while self._at == self._end:
            self._at = self._end = 0
            if len(self._rx) > _RX:
                self._rx = bytearray(_RX)
            if not self._fill(until):
                return False
        self._due = None
        return True

    def _byte(self):
        """Return the next byte of the packet that has begun."""
        if self._at == self._end:
            self._need(1)
        at = self._at
        self._at = at + 1
        return self._rx[at]

    def _need(self, size):
        """Wait until the receive buffer holds `size` more bytes of the packet that has begun."""
        rx = self._rx
        at = self._at
        held = self._end - at
        if held >= size:
            return
        if self._due is None:
            self._due = self._limit()
        if at + size > len(rx):
            if size > len(rx):
                self._rx = bytearray(size)
            self._rx[:held] = rx[at : self._end]
            self._at = 0
            self._end = held
        while self._end - self._at < size:
            if not self._fill(self._due):
                raise OSError(errno.ETIMEDOUT)

    def _fill(self, until):
        """Read at least a byte behind what the buffer holds; False when none came by `until`."""
        end = self._end
        data = memoryview(self._rx)[end:] if end else self._rx
        while True:
            try:
                count = self._io.readinto(data)
                if count:
                    self._end = end + count
                    self._heard_ms = ticks_ms()
                    return True
                if count == 0:
                    raise OSError(errno.ECONNRESET)
            except BaseException:
                self._close()
                raise
            count = -1  # no limit
            if until is not None:
                count = ticks_diff(until, ticks_ms())
                if count <= 0:
                    return False
            self._poll.poll(count)
