"""`codey.wifi`: the board as a Wi-Fi station.

Source: docs/codey.md, "Wi-Fi". The ESP32's driver reconnects by itself after a loss.
"""

import network

from codey import observer
from codey.script import point, sleep_ms

_MAX_BYTES = 32
_POLL_MS = 50


class Wifi:
    """The station; access point modes are accepted and ignored, as on the board."""

    STA = 1
    AP = 2
    APSTA = 3

    def __init__(self):
        self.wifi_mode = 0  # the mode that is on, 0 before start()
        self._credentials = None
        self._was_connected = False

    def start(self, ssid="wifi_ssid", password="password", mode=STA):  # noqa: S107 - the documented default
        """Begin to connect, and return at once; see is_connected()."""
        point()
        ssid, password = str(ssid), str(password)
        if mode != self.STA or max(len(ssid.encode()), len(password.encode())) > _MAX_BYTES:
            return
        station = network.WLAN(network.STA_IF)
        station.active(True)
        self.wifi_mode = mode
        self._tell("start")
        if self._credentials == (ssid, password):
            if station.isconnected() or self._is_connecting(station):
                return
        elif self._credentials:
            station.disconnect()
        self._credentials = (ssid, password)
        station.connect(ssid, password)
        self._tell("connecting")

    def is_connected(self):
        """Return whether the board has an IP address; takes 50 ms, so that a loop may poll it."""
        sleep_ms(_POLL_MS)
        is_connected = self.wifi_mode != 0 and network.WLAN(network.STA_IF).isconnected()
        if is_connected != self._was_connected:
            self._was_connected = is_connected
            self._tell("connected" if is_connected else "lost")
        return is_connected

    def _is_connecting(self, station):
        # ESP-IDF refuses a second connect() while the first is under way.
        return station.status() == getattr(network, "STAT_CONNECTING", None)

    def _tell(self, state):
        if observer.notify:
            observer.notify("wifi", state)
