# Packets of MQTT 3.1.1, for the bare loops and for what feeds a client under test.
import socket


def string(data):
    return bytes((len(data) >> 8, len(data) & 255)) + data


def packet(kind, data):
    size = len(data)
    head = bytearray((kind,))
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    head.append(size)
    return bytes(head) + data


def publish(topic, msg, qos):
    return packet(0x30 | qos << 1, string(topic) + (b"\x00\x01" if qos else b"") + msg)


def subscribe(topic):
    return packet(0x82, b"\x00\x01" + string(topic) + b"\x00")


def open_connection(host, port, name):
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(host, port)[0][-1])
    sock.setsockopt(6, 1, 1)  # TCP_NODELAY, which the Unix port has no name for
    sock.write(packet(0x10, b"\x00\x04MQTT\x04\x02\x00\x00" + string(name.encode())))
    if sock.read(4) != b"\x20\x02\x00\x00":
        raise OSError("no session")
    return sock


def drain(sock):
    # The SUBACK comes when the broker has taken all that was sent before.
    sock.write(subscribe(b"hil/drain"))
    sock.read(5)
