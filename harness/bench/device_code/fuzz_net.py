# The network below an MQTT client that is fuzzed: what the broker says is told beforehand, and time
# passes only where the client waits, and then at once. Stands in for socket, select and time under
# MicroPython and CPython alike; imported before the client.
import errno
import sys

PERIOD = 1 << 30
#: Waits, reads, writes and looks at the clock in one call of the client. What a broker can say in a
#: case makes some thousands.
MOST_OPERATIONS = 100000


class Stuck(BaseException):
    # No Exception: a client that catches these must not swallow it.
    pass


class Network:
    def begin(self, now):
        self.now = now % PERIOD
        self.passed = self.ready = 0
        self.sockets = 0  # opened and not closed
        self.begun = []  # numbers of the chunks of which at least a byte was read
        self.heard = []  # what the client wrote in this step: [type, id]
        self.is_correct = False
        self.present = 0
        self.current = None
        self.drop()

    def drop(self):
        self.chunks = []
        self.at = 0
        self.ready = 0
        self.end = ""
        self.out = b""

    def feed(self, chunks, end, mode, is_next=False):
        # A step begins: chunks are (number, delay in ms, bytes), of the connection that is open, or
        # of the next one.
        self.ready = max(0, self.ready - self.passed)
        self.passed = self.operations = self.endless = 0
        self.begun = []
        self.heard = []
        self.mode = mode
        self.next = (chunks, end) if is_next else ([], "")
        if not is_next:
            self.add(chunks, end)

    def add(self, chunks, end):
        self.end = end
        if chunks and not self.chunks:
            self.ready = self.passed + chunks[0][1]
        self.chunks += chunks

    def open(self, sock):
        self.drop()
        self.current = sock
        self.add(*self.next)
        self.next = ([], "")

    def correct(self, present):
        # From now on the broker does all right.
        self.feed([], "", "")
        self.drop()
        self.is_correct = True
        self.present = present

    def operate(self):
        self.operations += 1
        if self.operations > MOST_OPERATIONS:
            raise Stuck("operations")

    def wait(self, ms):
        self.now = (self.now + ms) % PERIOD
        self.passed += ms

    def is_readable(self):
        if self.chunks:
            return self.passed >= self.ready
        return self.end != ""

    def wait_readable(self, ms):
        if not self.is_readable():
            if self.chunks and (ms < 0 or self.ready - self.passed <= ms):
                self.wait(self.ready - self.passed)
            elif ms >= 0:
                self.wait(ms)
            else:  # for ever: the broker ends it, and whether it was right to wait is judged later
                self.endless += 1
                self.end = "fin"
        return self.is_readable()

    def read(self, buffer):
        if not self.is_readable():
            return None
        if not self.chunks:
            if self.end == "rst":
                raise OSError(errno.ECONNRESET)
            return 0
        number, _, data = self.chunks[0]
        if self.at == 0:
            self.begun.append(number)
        count = min(len(buffer), len(data) - self.at)
        buffer[:count] = data[self.at : self.at + count]
        self.at += count
        if self.at == len(data):
            self.at = 0
            self.chunks.pop(0)
            if self.chunks:
                self.ready = self.passed + self.chunks[0][1]
        return count

    def say(self, data):
        self.chunks.append((-1, 0, data))
        self.ready = self.passed

    def take(self, data):
        self.out += bytes(data)
        while True:
            size = shift = 0
            at = 1
            while True:
                if at >= len(self.out):
                    return
                code = self.out[at]
                size |= (code & 127) << shift
                shift += 7
                at += 1
                if code < 128:
                    break
            if len(self.out) < at + size:
                return
            kind = self.out[0]
            body = self.out[at : at + size]
            self.out = self.out[at + size :]
            self.answer(kind, body)

    def answer(self, kind, body):
        name = kind & 0xF0
        id_ = b""
        if name in (0x40, 0x50, 0x60, 0x70, 0x80, 0xA0):
            id_ = body[:2]
        elif name == 0x30 and kind & 6:
            at = 2 + (body[0] << 8 | body[1])
            id_ = body[at : at + 2]
        self.heard.append((kind, id_[0] << 8 | id_[1] if id_ else 0))
        if not self.is_correct:
            return
        if name == 0x10:
            self.say(bytes((0x20, 2, self.present, 0)))
        elif name == 0x30 and kind & 6:
            self.say(bytes((0x40 if kind & 2 else 0x50, 2)) + id_)
            if body[2:6] == b"echo":
                self.say(bytes((0x30, 9)) + b"\x00\x04echoagn")
        elif name == 0x50:
            self.say(b"\x62\x02" + id_)
        elif name == 0x60:
            self.say(b"\x70\x02" + id_)
        elif name == 0x80:
            self.say(b"\x90\x03" + id_ + b"\x00")
        elif name == 0xA0:
            self.say(b"\xb0\x02" + id_)
        elif name == 0xC0:
            self.say(b"\xd0\x00")


network = Network()


class Socket:
    def __init__(self, *_):
        network.sockets += 1
        self.is_open = True
        self.is_full = False

    def setblocking(self, _):
        pass

    def settimeout(self, _):
        pass

    def setsockopt(self, *_):
        pass

    def connect(self, _):
        if network.mode == "refused at once":
            raise OSError(errno.ECONNREFUSED)
        network.open(self)
        raise OSError(errno.EINPROGRESS)

    def _check(self):
        network.operate()
        if not self.is_open:
            raise OSError(9)

    def recv(self, _):
        self._check()
        if network.mode == "refused":
            raise OSError(errno.ECONNREFUSED)
        return b""

    def readinto(self, buffer):
        self._check()
        return network.read(buffer)

    def write(self, data):
        self._check()
        mode = network.mode
        if mode == "deaf":
            return None
        if mode == "reset":
            raise OSError(errno.ECONNRESET)
        count = len(data)
        if mode == "narrow":  # takes three bytes, then none before it was waited for
            self.is_full = not self.is_full
            if not self.is_full:
                return None
            count = min(count, 3)
        network.take(data[:count])
        return count

    def close(self):
        if self.is_open:
            self.is_open = False
            network.sockets -= 1
            if network.current is self:
                network.current = None
                network.drop()


class Poll:
    def register(self, sock, events=5):
        self.sock = sock
        self.events = events

    def modify(self, sock, events):
        self.register(sock, events)

    def unregister(self, _):
        pass

    def poll(self, ms=-1):
        network.operate()
        if self.events & 4:
            if network.mode == "refused":
                return [(self.sock, 4 | 8 | 16)]
            if network.mode not in ("deaf", "silent"):
                return [(self.sock, 4)]
            if ms < 0:
                raise Stuck("a write without limit")
            network.wait(ms)
            return []
        return [(self.sock, 1)] if network.wait_readable(ms) else []

    def ipoll(self, ms=-1, _flags=0):
        return self.poll(ms)


def ticks_ms():
    network.operate()
    return network.now


def sleep_ms(ms):
    network.operate()
    network.wait(ms)


class socket:
    SOCK_STREAM = 1
    AF_INET = 2
    TCP_NODELAY = 1
    socket = Socket

    @staticmethod
    def getaddrinfo(host, port, *_):
        return [(2, 1, 0, "", (host, port))]


class select:
    POLLIN = 1
    POLLOUT = 4
    POLLERR = 8
    POLLHUP = 16
    poll = Poll


class time:
    ticks_ms = staticmethod(ticks_ms)
    ticks_add = staticmethod(lambda ticks, delta: (ticks + delta) % PERIOD)
    ticks_diff = staticmethod(lambda end, start: (end - start + PERIOD // 2) % PERIOD - PERIOD // 2)
    sleep_ms = staticmethod(sleep_ms)
    sleep = staticmethod(lambda seconds: sleep_ms(int(seconds * 1000)))


class micropython:
    const = staticmethod(lambda value: value)


def load(name, parts=()):
    # Import the client with these modules in the place of the real ones, and the parts of it that
    # it would only load when they are needed.
    fakes = {"socket": socket, "select": select, "time": time}
    if sys.implementation.name != "micropython":
        fakes["micropython"] = micropython
    kept = [(key, sys.modules.get(key)) for key in fakes]
    sys.modules.update(fakes)
    try:
        module = __import__(name)
        for part in parts:
            __import__(part)
        return module
    finally:
        for key, module in kept:
            if module is None:
                del sys.modules[key]
            else:
                sys.modules[key] = module
