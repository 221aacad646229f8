"""The heap, while a program with all of the device code loaded listens and publishes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.scenario.dut import BoardUnderTest

#: Messages in each of the parts after which the heap is looked at, and seconds between them: eleven
#: minutes where the board's time passes faster (`--hil-time-scale 50`), some seconds elsewhere.
LONG = (60, 1)
SHORT = (3, 0.02)
PARTS = 11
FAST = 10

#: Messages of 64 bytes go to the broker and come back.
PROGRAM = """
import codey, gc, time
from mqtt import MQTTClient

codey.wifi.start("my_wifi", "my_password")
while not codey.wifi.is_connected():
    pass
count = 0
def on_message(topic, msg):
    global count
    count += 1
    codey.display.show(count)
client = MQTTClient("memory", "broker.example", user="test", password="test", keepalive=60)
client.set_callback(on_message)
client.connect()
client.subscribe("memory/#", 1)
message = "x" * 64
for part in range(%d):
    for number in range(%d):
        client.publish("memory/echo", message, qos=1)
        client.wait_msg()
        time.sleep(%s)
    gc.collect()
    print("heap", gc.mem_alloc(), gc.mem_free(), count)
"""
#: What the messages of the moment and the program's own integers may differ by.
GROWTH_BYTES = 256


@pytest.mark.requirement("MQTT-35", "CODEY-DISPLAY-01")
def test_heap_does_not_grow_with_the_messages(
    board: BoardUnderTest, measure: Callable[..., None]
) -> None:
    scale = board.board.rig.time_scale
    messages, pause_s = LONG if scale >= FAST else SHORT
    program = board.start(PROGRAM % (PARTS, messages, pause_s))
    # Of a loaded host; it ends at once when the program does.
    assert program.expect_end(60.0 + 5 * PARTS * messages * pause_s / scale) is None
    rows = [line.split()[1:] for line in program.text.splitlines() if line.startswith("heap ")]
    used, free, counts = zip(*[tuple(map(int, row)) for row in rows], strict=True)
    # Each has come back, but for one that may be on its way when the program looks.
    assert 0 <= PARTS * messages - counts[-1] <= 1
    # The first part loads what the first messages need.
    measure("heap growth", max(used[1:]) - used[0], "bytes", most=GROWTH_BYTES)
    measure("heap left", min(free), "bytes")
