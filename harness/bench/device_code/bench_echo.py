# Twenty echoes, by the least code: how small may the heap be?
#     bench_echo.py MODULE HOST PORT
import sys

seen = 0


def take(_topic, _msg):
    global seen
    seen += 1


c = __import__(sys.argv[1], None, None, ("MQTTClient",)).MQTTClient(
    "echo", sys.argv[2], int(sys.argv[3])
)
c.set_callback(take)
c.connect()
c.subscribe(b"hil/echo")
for i in range(20):
    c.publish(b"hil/echo", b"0123456789abcdef")
    while seen <= i:
        c.wait_msg()
c.disconnect()
print('bench:{"echoes": %d}' % seen)
