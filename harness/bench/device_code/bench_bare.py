# The same measures by bare loops on a socket: the packet is made beforehand, one write sends it,
# one read takes the answer, which nobody looks at. No client on this interpreter can be faster.
from array import array
from time import ticks_diff, ticks_us

import bench_packet
from bench_rate import rate

TOPIC = b"hil/bench"


class Measure:
    def __init__(self, _module, host, port, name):
        self.address = (host, port, name)

    def publish(self, qos, size, slice_us):
        sock = bench_packet.open_connection(*self.address)
        data = bench_packet.publish(TOPIC, b"x" * size, qos)
        answer = bytearray(4)
        release = b"\x62\x02\x00\x01"

        def do_0(count):
            write = sock.write
            packet = data
            for _ in range(count):
                write(packet)

        def do_1(count):
            write = sock.write
            readinto = sock.readinto
            packet = data
            buffer = answer
            for _ in range(count):
                write(packet)
                readinto(buffer)

        def do_2(count):
            write = sock.write
            readinto = sock.readinto
            packet = data
            buffer = answer
            for _ in range(count):
                write(packet)
                readinto(buffer)
                write(release)
                readinto(buffer)

        do = (do_0, do_1, do_2)[qos]
        do(2)
        result = rate(do, slice_us)
        bench_packet.drain(sock)
        sock.close()
        return result

    def receive(self, size, slice_us):
        sock = bench_packet.open_connection(*self.address)
        sock.write(bench_packet.subscribe(TOPIC))
        sock.read(5)
        host, port, name = self.address
        feeder = bench_packet.open_connection(host, port, name + "-feeder")
        batch = 500 if size < 1024 else 100
        data = bench_packet.publish(TOPIC, b"x" * size, 0)
        buffer = bytearray(len(data))
        count = took = 0
        while took < slice_us:
            for _ in range(batch):
                feeder.write(data)
            bench_packet.drain(feeder)
            start = ticks_us()
            for _ in range(batch):
                sock.readinto(buffer)
            took += ticks_diff(ticks_us(), start)
            count += batch
        feeder.close()
        sock.close()
        return {"count": count, "took_us": took}

    def echo(self, size, slice_us):
        sock = bench_packet.open_connection(*self.address)
        sock.write(bench_packet.subscribe(TOPIC))
        sock.read(5)
        data = bench_packet.publish(TOPIC, b"x" * size, 0)
        buffer = bytearray(len(data))
        times = array("I")
        total = 0
        is_first = True  # it is not counted
        while not times or (total < slice_us and len(times) < 1000):
            start = ticks_us()
            sock.write(data)
            sock.readinto(buffer)
            took = ticks_diff(ticks_us(), start)
            if not is_first:
                times.append(took)
            is_first = False
            total += took
        sock.close()
        return {"times_us": list(times)}
