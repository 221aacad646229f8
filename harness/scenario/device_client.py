"""An `MQTTClient` on the board, driven from the host call by call."""

from __future__ import annotations

from typing import cast

from harness.scenario.dut import BoardUnderTest

#: Code that brings a board with `codey` onto the lab's Wi-Fi. The probe replaces the credentials.
JOIN_WIFI = """\
import codey
from time import ticks_diff, ticks_ms
codey.wifi.start("name of the lab", "and its password")
_began = ticks_ms()
while not codey.wifi.is_connected():
    if ticks_diff(ticks_ms(), _began) > 20000:
        raise OSError("no Wi-Fi within 20 s")
"""

#: Code that collects what a callback is called with, in `got`.
COLLECT = """\
got = []
def _collect(topic, msg):
    got.append((topic, msg))
"""


class DeviceClient:
    """An `MQTTClient` on the board, which code there knows by a name.

    Attributes:
        name: Its name on the board.
        client_id: What the broker knows it by.
    """

    def __init__(self, board: BoardUnderTest, name: str, client_id: str) -> None:
        """Use a client that exists on the board already."""
        self.board = board
        self.name = name
        self.client_id = client_id

    def __call__(self, code: str, within_s: float = 15.0) -> object:
        """Return the value of a call on it, such as ``publish('a', 'b')``."""
        return self.board.evaluate(f"{self.name}.{code}", within_s)

    def run(self, code: str, within_s: float = 15.0) -> str:
        """Run code on the board and return what it printed."""
        return self.board.exec(code, within_s)

    @property
    def got(self) -> list[tuple[str, object]]:
        """What its callback was called with so far."""
        return cast("list[tuple[str, object]]", self.board.evaluate("got"))
