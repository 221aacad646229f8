"""The Wi-Fi that the board finds, and the board's radio: what an ESP32 keeps beside the program.

It lives in the supervisor, so the link outlives a soft reset as it does on an ESP32, and comes back
by itself after a loss.
"""

from __future__ import annotations

from enum import IntEnum


class LinkState(IntEnum):
    """State of the station; `AccessPoint.shown` is what the program sees of it."""

    OFF = 0
    IDLE = 1
    CONNECTING = 2
    NO_ACCESS_POINT = 3
    WRONG_PASSWORD = 4
    CONNECTED = 5
    LOST = 6


#: Values of the input `wifi`.
CONDITIONS = ("up", "down", "wrong_password")
#: Pause between attempts after a loss; an ESP32 scans for some seconds, which nobody waits for.
RETRY_S = 0.1


class AccessPoint:
    """State machine; the caller brings the time.

    Attributes:
        state: What the station sees.
        losses: How often an established link was lost, by whatever means.
        condition: One of `CONDITIONS`.
    """

    def __init__(self, ssid: str, password: str, connect_s: float) -> None:
        """Begin with the radio off.

        Args:
            ssid: Name of the access point.
            password: Its password.
            connect_s: From the request to the address, in seconds.
        """
        self.state = LinkState.OFF
        self.losses = 0
        self.condition = "up"
        self._expected = (ssid.encode(), password.encode())
        self._connect_s = connect_s
        self._wanted: tuple[bytes, bytes] | None = None
        self._retries = -1
        self._retries_left = -1
        self._due_s: float | None = None

    def power_up(self) -> None:
        """Forget what the station was told: a hard reset or a new supply."""
        self._leave(LinkState.OFF)
        self._wanted = None
        self._retries = -1

    def request(self, verb: str, argument: bytes, now_s: float) -> None:
        """Do what the program asks for.

        Args:
            verb: ``a`` active (argument 0 or 1), ``c`` connect (name, NUL, password), ``r`` connect
                once more, ``d`` disconnect, ``n`` number of reconnects (-1 without end).
            argument: See `verb`.
            now_s: The time.
        """
        if verb == "a":
            if argument == b"1":
                if self.state is LinkState.OFF:
                    self.state = LinkState.IDLE
            else:
                self._leave(LinkState.OFF)
        elif verb == "n":
            self._retries = int(argument)
        elif verb == "d":
            self._leave(LinkState.IDLE)
        else:
            if verb == "c":
                ssid, _, password = argument.partition(b"\0")
                self._wanted = (ssid, password)
            self._retries_left = self._retries
            self._try(now_s, self._connect_s)

    def set_condition(self, condition: str, now_s: float) -> None:
        """Change what the access point does: ``up``, ``down`` or ``wrong_password``."""
        self.condition = condition
        if self.state is LinkState.CONNECTED and condition != "up":
            self._try(now_s, RETRY_S)
            self.state = LinkState.LOST

    @property
    def shown(self) -> LinkState:
        """What the station's driver tells the program: for it a link is connecting while it tries.

        Source: MicroPython, ports/esp32/network_wlan.c, `network_wlan_status`: the reason of a
        failure is the status only after the last reconnect that was asked for.
        """
        return LinkState.CONNECTING if self._due_s is not None else self.state

    @property
    def due_s(self) -> float | None:
        """When `advance` must be called next; None for not before a request."""
        return self._due_s

    def advance(self, now_s: float) -> None:
        """Let the time pass."""
        if self._due_s is None or now_s < self._due_s:
            return
        self._due_s = None
        if self.condition == "down" or self._wanted is None or self._wanted[0] != self._expected[0]:
            self._fail(LinkState.NO_ACCESS_POINT, now_s)
        elif self.condition == "wrong_password" or self._wanted[1] != self._expected[1]:
            self._fail(LinkState.WRONG_PASSWORD, now_s)
        else:
            self.state = LinkState.CONNECTED

    def _try(self, now_s: float, after_s: float) -> None:
        self._leave(LinkState.CONNECTING)
        self._due_s = now_s + after_s

    def _fail(self, state: LinkState, now_s: float) -> None:
        self.state = state
        if self._retries_left != 0:
            self._retries_left -= 1
            self._due_s = now_s + max(RETRY_S, self._connect_s)

    def _leave(self, state: LinkState) -> None:
        if self.state is LinkState.CONNECTED:
            self.losses += 1
        self.state = state
        self._due_s = None
