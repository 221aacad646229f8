"""`socket` of an ESP32: gated by the Wi-Fi link, with addresses as tuples.

The interpreter's own sockets lie below, never blocking: the models wait themselves, in slices, so
that a lost link is noticed.
"""

import errno
import select

import _bench
import uio
from _alias import builtin
from _clock import ms as _clock_ms
from _sys import cut

_socket = builtin("socket")
AF_INET = _socket.AF_INET
AF_INET6 = _socket.AF_INET6
SOCK_STREAM = _socket.SOCK_STREAM
SOCK_DGRAM = _socket.SOCK_DGRAM
SOCK_RAW = _socket.SOCK_RAW
SOL_SOCKET = _socket.SOL_SOCKET
SO_REUSEADDR = _socket.SO_REUSEADDR
SO_BROADCAST = _socket.SO_BROADCAST
SO_KEEPALIVE = _socket.SO_KEEPALIVE
IPPROTO_TCP = 6
IPPROTO_UDP = 17
IPPROTO_IP = 0
TCP_NODELAY = 1

_GOT_IP = const(5)  # noqa: F821, known to the compiler
_GET_FILENO = const(10)  # noqa: F821
_POLL = const(3)  # noqa: F821
_CLOSE = const(4)  # noqa: F821


def _is_up():
    return _bench.refresh()[_bench.WIFI_STATE] == _GOT_IP


def _is_numeric(host):
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() for part in parts)


def _resolve(address):
    """Return the interpreter's form of (host, port)."""
    host, port = address[0], address[1]
    return _socket.getaddrinfo(host or "0.0.0.0", port)[0][-1]


def _tuple(raw):
    _, host, port = _socket.sockaddr(raw)[:3]
    return (".".join(str(part) for part in host), port)


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    if host in ("", "0.0.0.0"):
        host = "0.0.0.0"
    elif not _is_numeric(host):
        if not _is_up():
            # lwIP's code for a name that cannot be resolved, as an ESP32 raises it.
            raise OSError(-202)
        try:
            host = _tuple(_socket.getaddrinfo(host, port)[0][-1])[0]
        except OSError:
            raise OSError(-202)
    return [(AF_INET, type or SOCK_STREAM, proto, "", (host, int(port)))]


class socket(uio.IOBase):
    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0, own=None):
        self._own = own if own is not None else _socket.socket(af, type)
        self._own.setblocking(False)
        self._fileno = self._own.fileno()
        self._timeout_ms = -1
        self._losses = _bench.refresh()[_bench.WIFI_LOSSES]
        self._waiting = None

    # State of the link ------------------------------------------------------------------------

    def is_dead(self):
        """Whether the link was lost since this socket was made; the inputs must be fresh."""
        return _bench.inputs[_bench.WIFI_LOSSES] != self._losses

    def _check(self):
        if self._own is None:
            raise OSError(errno.EBADF)
        _bench.refresh()
        if self.is_dead():
            raise OSError(errno.ECONNABORTED)

    def _check_up(self):
        self._check()
        if _bench.inputs[_bench.WIFI_STATE] != _GOT_IP:
            raise OSError(errno.EHOSTUNREACH)

    def _wait(self, events, end):
        """Wait until ready; `end` is the clock when to give up, or None. Raises ETIMEDOUT."""
        if self._waiting is None:
            self._waiting = select.poll()
            self._waiting.register(self, events)
        else:
            self._waiting.modify(self, events)
        left = -1 if end is None else max(0, end - _clock_ms())
        if not self._waiting.poll(left):
            raise OSError(errno.ETIMEDOUT)
        self._check()

    def _end(self):
        return None if self._timeout_ms < 0 else _clock_ms() + self._timeout_ms

    def _attempt(self, events, operation, *arguments):
        """Do a call that may have to wait; EAGAIN only when the socket does not block."""
        self._check()
        end = self._end()
        while True:
            try:
                return operation(*arguments)
            except OSError as error:
                if error.errno != errno.EAGAIN or self._timeout_ms == 0:
                    raise
            self._wait(events, end)

    # Set-up -----------------------------------------------------------------------------------

    def settimeout(self, seconds):
        self._timeout_ms = -1 if seconds is None else int(seconds * 1000)

    def setblocking(self, flag):
        self._timeout_ms = -1 if flag else 0

    def setsockopt(self, level, option, value):
        # Of the others (callback of webrepl, IP options) nothing is modelled. The numbers of these
        # two levels are lwIP's and Linux's alike.
        is_own = level == SOL_SOCKET or (level == IPPROTO_TCP and option == TCP_NODELAY)
        if is_own and isinstance(value, int):
            self._own.setsockopt(level, option, value)

    def fileno(self):
        return self._fileno

    def bind(self, address):
        self._check()
        self._own.bind(_resolve(address))

    def listen(self, backlog=2):
        self._own.listen(backlog)

    def accept(self):
        connection, raw = self._attempt(select.POLLIN, self._own.accept)
        return socket(own=connection), _tuple(raw)

    def connect(self, address):
        self._check_up()
        if not _is_numeric(address[0]):
            address = getaddrinfo(address[0], address[1])[0][-1]
        raw = _resolve(address)
        end = self._end()
        try:
            self._own.connect(raw)
        except OSError as error:
            if error.errno != errno.EINPROGRESS or self._timeout_ms == 0:
                raise
            self._wait(select.POLLOUT, end)
            self._raise_if_refused(raw)

    def _raise_if_refused(self, raw):
        # A second connect tells the outcome of the first: EISCONN (106) when it succeeded.
        try:
            self._own.connect(raw)
        except OSError as error:
            if error.errno != 106:
                raise

    # Data -------------------------------------------------------------------------------------

    def recv(self, size):
        return self._attempt(select.POLLIN, self._own.recv, size)

    def recvfrom(self, size):
        data, raw = self._attempt(select.POLLIN, self._own.recvfrom, size)
        return data, _tuple(raw)

    def send(self, data):
        return self._attempt(select.POLLOUT, self._own.send, data)

    def sendto(self, data, address):
        self._check_up()
        return self._attempt(select.POLLOUT, self._own.sendto, data, _resolve(address))

    def sendall(self, data):
        self.write(data)

    def write(self, data, *limits):
        view = cut(data, limits) if limits else memoryview(data)
        done = 0
        while done < len(view):
            try:
                done += self._attempt(select.POLLOUT, self._own.send, view[done:])
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                return done or None
        return done

    def readinto(self, buffer, size=-1):
        view = memoryview(buffer)
        if size >= 0:
            view = view[:size]
        done = 0
        while done < len(view):
            try:
                data = self._attempt(select.POLLIN, self._own.recv, len(view) - done)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                return done or None
            if not data:
                break
            view[done : done + len(data)] = data
            done += len(data)
        return done

    def read(self, size=-1):
        if size >= 0:
            buffer = bytearray(size)
            count = self.readinto(buffer)
            return None if count is None else bytes(memoryview(buffer)[:count])
        pieces = b""
        while True:
            try:
                data = self.recv(512)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                return pieces or None
            if not data:
                return pieces
            pieces += data

    def readline(self, size=-1):
        line = b""
        while len(line) != size and not line.endswith(b"\n"):
            data = self.read(1)
            if data is None:
                return line or None
            if not data:
                break
            line += data
        return line

    def makefile(self, mode="rb", buffering=0):
        return self

    # As a stream, for select and ssl ----------------------------------------------------------

    def ioctl(self, request, argument):
        if request == _GET_FILENO:
            return self._fileno
        if request == _POLL:
            poll = select._select.poll()
            poll.register(self._own, argument)
            found = poll.poll(0)
            return found[0][1] if found else 0
        if request == _CLOSE:
            self.close()
            return 0
        return -1

    def close(self):
        if self._own is not None:
            self._own.close()
            self._own = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
