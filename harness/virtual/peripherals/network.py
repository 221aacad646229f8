"""`network` of an ESP32; the radio and the access point are the supervisor's.

So the link outlives a soft reset, comes back by itself, and can be taken away from outside.
"""

import _bench

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
# Named by the original, and never met here.
STAT_BEACON_TIMEOUT = 200
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204
AUTH_OPEN = 0
AUTH_WPA2_PSK = 3

_NONE = "0.0.0.0"  # the answer of a station without an address

_hostname = "codey"

#: In the order of the states that `harness.virtual.access_point` shows: off, idle, connecting, no
#: access point, wrong password, got an address.
_STATUS = (
    STAT_IDLE,
    STAT_IDLE,
    STAT_CONNECTING,
    STAT_NO_AP_FOUND,
    STAT_WRONG_PASSWORD,
    STAT_GOT_IP,
)


def _state():
    return _bench.refresh()[_bench.WIFI_STATE]


class WLAN:
    IF_STA = 0
    IF_AP = 1

    def __init__(self, interface_id=0):
        if interface_id not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        self._is_station = interface_id == STA_IF

    def _station(self):
        if not self._is_station:
            raise OSError("the virtual board has no access point of its own")

    def active(self, is_active=None):
        if is_active is None:
            return self._is_station and _state() != 0
        if self._is_station:
            _bench.ask(b"Wa1" if is_active else b"Wa0")
        elif is_active:
            self._station()
        return bool(is_active)

    def connect(self, ssid=None, key=None, bssid=None):
        self._station()
        if _state() == 0:
            raise OSError("Wifi Not Started")
        if ssid is None:
            _bench.ask(b"Wr")
            return
        ssid = ssid.encode() if isinstance(ssid, str) else bytes(ssid)
        key = b"" if key is None else key.encode() if isinstance(key, str) else bytes(key)
        if len(ssid) > 32 or len(key) > 64:
            raise OSError("Wifi Invalid Argument")
        _bench.ask(b"Wc" + ssid + b"\0" + key)

    def disconnect(self):
        self._station()
        _bench.ask(b"Wd")

    def isconnected(self):
        return self._is_station and _state() == 5

    def status(self, what=None):
        if what == "rssi":
            return -50
        if what is not None:
            raise ValueError("unknown status param")
        return _STATUS[_state()] if self._is_station else STAT_IDLE

    def scan(self):
        self._station()
        if _state() == 0:
            raise OSError("Wifi Not Started")
        return []

    def ifconfig(self, config=None):
        if config is not None:
            raise OSError("the virtual board's address is the host's loopback")
        if self.isconnected():
            # The host reaches the board, and the board the host, at this address.
            return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
        return (_NONE, _NONE, _NONE, _NONE)

    def config(self, *names, **values):
        global _hostname
        if values:
            for name, value in values.items():
                if name in ("hostname", "dhcp_hostname"):
                    _hostname = value
                elif name == "reconnects":
                    _bench.ask(b"Wn" + str(value).encode())
                elif name not in ("pm", "txpower", "channel", "protocol"):
                    raise ValueError("unknown config param")
            return None
        name = names[0]
        if name == "mac":
            return _bench.unique_id
        if name in ("hostname", "dhcp_hostname"):
            return _hostname
        raise ValueError("unknown config param")


def hostname(name=None):
    global _hostname
    if name is not None:
        _hostname = name
    return _hostname
