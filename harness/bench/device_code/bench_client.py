# The measures of a client with the interface of umqtt.simple, which is that of our mqtt.py too.
import gc
from array import array
from time import ticks_diff, ticks_us

import bench_packet
from bench_rate import rate

TOPIC = b"hil/bench"


class Measure:
    def __init__(self, module, host, port, name):
        self.Client = __import__(module, None, None, ("MQTTClient",)).MQTTClient
        self.address = (host, port)
        self.name = name
        self.seen = 0

    def open_client(self):
        # A fresh connection for each measure: what one leaves behind cannot disturb the next.
        client = self.Client(self.name, *self.address)
        client.set_callback(self.take)
        client.connect()
        return client

    def take(self, _topic, _msg):
        self.seen += 1

    def publish(self, qos, size, slice_us):
        client = self.open_client()
        msg = b"x" * size

        def do(count):
            publish = client.publish
            topic = TOPIC
            data = msg
            for _ in range(count):
                publish(topic, data, False, qos)

        do(2)
        gc.collect()
        answer = rate(do, slice_us)
        client.subscribe(b"hil/drain")
        client.disconnect()
        return answer

    def receive(self, size, slice_us):
        # The messages lie at the broker and in the socket before the clock starts.
        client = self.open_client()
        client.subscribe(TOPIC)
        host, port = self.address
        feeder = bench_packet.open_connection(host, port, self.name + "-feeder")
        batch = 500 if size < 1024 else 100
        data = bench_packet.publish(TOPIC, b"x" * size, 0)
        count = took = 0
        while took < slice_us:
            for _ in range(batch):
                feeder.write(data)
            bench_packet.drain(feeder)
            gc.collect()
            until = self.seen + batch
            start = ticks_us()
            while self.seen < until:
                client.wait_msg()
            took += ticks_diff(ticks_us(), start)
            count += batch
        feeder.close()
        client.disconnect()
        return {"count": count, "took_us": took}

    def echo(self, size, slice_us):
        client = self.open_client()
        client.subscribe(TOPIC)
        msg = b"x" * size
        times = array("I")
        total = 0
        is_first = True  # it is not counted
        while not times or (total < slice_us and len(times) < 1000):
            until = self.seen + 1
            start = ticks_us()
            client.publish(TOPIC, msg)
            while self.seen < until:
                client.wait_msg()
            took = ticks_diff(ticks_us(), start)
            if not is_first:
                times.append(took)
            is_first = False
            total += took
        client.disconnect()
        return {"times_us": list(times)}

    def heap(self, qos, size, count):
        client = self.open_client()
        msg = b"x" * size
        for _ in range(3):
            client.publish(TOPIC, msg, False, qos)
        gc.collect()
        gc.disable()
        try:
            before = gc.mem_alloc()
            for _ in range(count):
                client.publish(TOPIC, msg, False, qos)
            after = gc.mem_alloc()
        finally:
            gc.enable()
        client.subscribe(b"hil/drain")
        client.disconnect()
        return {"count": count, "size_bytes": after - before}

    def ledger(self, first, count):
        # Each message has its number in its topic, where the broker's log shows it.
        client = self.open_client()
        start = ticks_us()
        for number in range(first, first + count):
            client.publish(b"hil/ledger/1/%d" % number, b"x" * 16, False, 1)
        took = ticks_diff(ticks_us(), start)
        client.disconnect()
        return {"count": count, "took_us": took}
