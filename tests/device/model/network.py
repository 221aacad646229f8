"""Recording stand-in of `network`; `state` is set by the test's program."""

# It runs as the code in device_src does, and is checked no more than that is.
# ruff: noqa: ANN001, ANN201, ANN204, D101, D102, PLW0603
# mypy: ignore-errors

import machine

STA_IF = 0
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
state = STAT_IDLE


class WLAN:
    IF_STA = 0

    def __init__(self, interface):
        self._interface = interface

    def active(self, is_active):
        machine.calls.append(["active", is_active])

    def connect(self, ssid, password):
        global state
        machine.calls.append(["connect", ssid, password])
        state = STAT_CONNECTING

    def disconnect(self):
        global state
        machine.calls.append(["disconnect"])
        state = STAT_IDLE

    def isconnected(self):
        return state == STAT_GOT_IP

    def status(self):
        return state
