"""Keepalive of an MQTT client, loaded by those that ask for it."""

import errno
from time import ticks_add, ticks_diff, ticks_ms


def keep_alive(client):
    """Send PINGREQ when it is time; return when to look again, in ticks.

    A ping goes out after half of the keepalive without a packet in one of the directions. A broker
    that has been silent for 1.5 of it is given up.
    """
    half = client._keepalive * 500
    now = ticks_ms()
    silent = ticks_diff(now, client._heard_ms)
    idle = ticks_diff(now, client._sent_ms)
    if client._pings and silent >= 3 * half:
        client._close()
        raise OSError(errno.ETIMEDOUT)
    if client._pings:
        silent = 0  # one question at a time
    count = half - max(idle, silent)
    if count <= 0:
        if silent > half:
            # The program was busy with other things: its silence is counted from now.
            client._heard_ms = ticks_add(now, -half)
        client._signal(0xC0, 0)
        client._pings += 1
        count = half
    return ticks_add(now, count)
