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

import gc

# Before each import that compiles much: what lies about would be in the way, and on a board with
# little heap the compiler needs more of it than the client ever does.
gc.collect()
import mqtt_stream  # noqa: E402, F401

gc.collect()
import mqtt_session  # noqa: E402, F401

gc.collect()
from mqtt_client import MQTTClient  # noqa: E402, F401
from mqtt_packet import MQTTException  # noqa: E402, F401

__version__ = "1.0.0"
