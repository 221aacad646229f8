"""What a virtual board is made of: checked once, handed to its supervisor as one argument."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass, field

from harness.errors import ConfigError
from harness.virtual.fault import Fault

#: 140 KiB on this 64-bit build hold about what 70 KiB hold on the board (docs/virtual-board.md,
#: "Memory"). The models, which a board has in silicon and in its ROM, take 56 KiB more (measured).
DEFAULT_HEAP = "200k"

#: Beyond it a host's own lateness, some tenths of a millisecond, is longer than a program's steps.
MAX_TIME_SCALE = 50

#: What real lines run at; the slowest still carries a prompt in a quarter of a second.
MIN_BAUD, MAX_BAUD = 300, 4_000_000
MAX_LATENCY_MS = 1000
#: Of a high-speed bulk endpoint.
MAX_PACKET_BYTES = 512


@dataclass(frozen=True)
class VirtualSettings:
    """Settings of one virtual board.

    Attributes:
        name: A short name for messages.
        flash: Path of the flash's image, made when it is absent; empty for one that lives in
            memory as long as the board.
        heap: Size of MicroPython's heap, in bytes or with a ``k`` or ``M`` behind it.
        unique_id: What `machine.unique_id` returns, 6 bytes in hexadecimal; empty to derive it
            from the path of the image, or to draw one for a board without.
        micropython: Path of an interpreter in place of the installed wheel's; empty for the wheel.
        ssid: Name of the access point that the board finds.
        password: Its password.
        connect_s: How long association and address take, in seconds.
        time_scale: How many times as fast the board's time passes while its programs wait;
            docs/virtual-board.md, "Faster time".
        baud: Speed of the serial line both ways, in bits a second; 0 for one that takes no time.
        latency_ms: How long the USB adapter takes besides, each way, in milliseconds.
        packet_bytes: At most so many bytes arrive together at the end of the line.
        uart_bytes: What the board's receive buffer holds: bytes that come when it is full are lost.
            An ESP32's MicroPython has 260; 0 for one that is never full.
        fault: What is wrong with the board and its line.
    """

    name: str = "virtual"
    flash: str = ""
    heap: str = DEFAULT_HEAP
    unique_id: str = ""
    micropython: str = ""
    ssid: str = "codey-virtual"
    password: str = "virtual-password"  # noqa: S105, it protects nothing
    connect_s: float = 0.02
    time_scale: int = 1
    baud: int = 0
    latency_ms: float = 0.0
    packet_bytes: int = 16
    uart_bytes: int = 0
    fault: Fault = field(default_factory=Fault)

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigError: One of them cannot be used.
        """
        if not re.fullmatch(r"[1-9][0-9]*[kKmM]?", self.heap):
            raise self._error("heap", self.heap, "a size such as 140k")
        if not re.fullmatch(r"([0-9a-f]{12})?", self.unique_id):
            raise self._error("unique_id", self.unique_id, "12 hexadecimal digits in lower case")
        if not 0 <= self.connect_s <= 3600:  # noqa: PLR2004, an hour is beyond any use
            raise self._error("connect_s", str(self.connect_s), "seconds from 0 to 3600")
        if type(self.time_scale) is not int or not 1 <= self.time_scale <= MAX_TIME_SCALE:
            raise self._error(
                "time_scale", str(self.time_scale), f"a whole number from 1 to {MAX_TIME_SCALE}"
            )
        if self.baud and not MIN_BAUD <= self.baud <= MAX_BAUD:
            raise self._error("baud", str(self.baud), f"0, or {MIN_BAUD} to {MAX_BAUD}")
        if not 0 <= self.latency_ms <= MAX_LATENCY_MS:
            expected = f"milliseconds from 0 to {MAX_LATENCY_MS}"
            raise self._error("latency_ms", str(self.latency_ms), expected)
        if not 1 <= self.packet_bytes <= MAX_PACKET_BYTES:
            expected = f"bytes from 1 to {MAX_PACKET_BYTES}"
            raise self._error("packet_bytes", str(self.packet_bytes), expected)
        if self.uart_bytes < 0:
            raise self._error("uart_bytes", str(self.uart_bytes), "bytes, 0 or more")

    def board_id(self) -> str:
        """Return the unique id, 12 hexadecimal digits: one image, one board."""
        if self.unique_id:
            return self.unique_id
        if self.flash:
            path = os.path.realpath(self.flash)
            return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
        return secrets.token_hex(6)

    def _error(self, name: str, got: str, expected: str) -> ConfigError:
        return ConfigError(
            f"the setting {name} of a virtual board cannot be used",
            on=self.name,
            expected=expected,
            got=repr(got),
        )

    def to_json(self) -> str:
        """Return the settings as the supervisor's argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> VirtualSettings:
        """Return the settings that `to_json` wrote.

        Raises:
            ConfigError: The text is not such.
        """
        try:
            values = json.loads(text)
            return cls(**{**values, "fault": Fault(**values.get("fault", {}))})
        except (ValueError, TypeError) as error:
            raise ConfigError(
                "the argument is not a virtual board's settings",
                on="python -m harness.virtual",
                expected="a JSON object with the fields of VirtualSettings",
                got=str(error),
            ) from error
