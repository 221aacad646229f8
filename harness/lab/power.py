"""Drivers for power switches: a USB hub's ports, a Tasmota plug, a GPIO line, any command.

None of them proves that the board went off: `hil doctor --board NAME` does, by its disappearance.
Unverified on hardware: what is tested here is what they send.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.deadline import Deadline
from harness.errors import LinkError
from harness.lab.dut import PowerSettings
from harness.wire.mqtt_error import MalformedPacket
from harness.wire.mqtt_packet import (
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    Publish,
    SubAck,
    Subscribe,
)
from harness.wire.mqtt_stream import PacketStream

#: uhubctl waits itself after a cut, two seconds without this; the time is ours to keep.
_UHUBCTL_WAITS = ("-w", "0")


class SwitchFailed(LinkError):
    """The power switch did not do what it was told."""


class Switch:
    """`Power` by one of the drivers; see `harness.link.rig.Power`."""

    def __init__(self, settings: PowerSettings, name: str) -> None:
        """Use a switch.

        Args:
            settings: Which, and how.
            name: The board's, for messages.
        """
        self.off_s = settings.off_s
        self._settings = settings
        self._name = name
        self._set = _DRIVERS[settings.driver]
        self._off_at_s: float | None = None

    def off(self, deadline: Deadline) -> None:
        """Cut the supply."""
        self._switch(deadline, is_on=False)
        self._off_at_s = time.monotonic()

    def on(self, deadline: Deadline) -> None:
        """Give the supply back, once it was away for long enough."""
        if self._off_at_s is not None:
            # The board lives on its capacitors for a while: this is the switch's own time.
            threading.Event().wait(max(0.0, self._off_at_s + self.off_s - time.monotonic()))
        self._switch(deadline, is_on=True)

    def _switch(self, deadline: Deadline, *, is_on: bool) -> None:
        try:
            self._set(self._settings, deadline, is_on)
        except (OSError, ValueError, MalformedPacket, subprocess.SubprocessError) as error:
            raise SwitchFailed(
                f"the power switch could not be set to {'on' if is_on else 'off'}",
                on=self._name,
                expected=f"{self._settings.driver} to take the order",
                got=_said(error),
                advice=f"hil doctor --board {self._name}",
            ) from error


def _said(error: Exception) -> str:
    stderr = getattr(error, "stderr", None)
    return str(stderr).strip() if stderr else str(error)


def _run(words: list[str], deadline: Deadline) -> None:
    subprocess.run(
        words,
        check=True,
        timeout=max(1.0, deadline.remaining_s),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def _uhubctl(settings: PowerSettings, deadline: Deadline, is_on: bool) -> None:
    options = settings.options
    port = ("-l", str(options["hub"]), "-p", str(options["hub_port"]))
    action = ("-a", "on" if is_on else "off")
    _run([str(options.get("program", "uhubctl")), *port, *action, *_UHUBCTL_WAITS], deadline)


def _command(settings: PowerSettings, deadline: Deadline, is_on: bool) -> None:
    words = settings.options["on" if is_on else "off"]
    typed = [str(each) for each in words] if isinstance(words, list) else shlex.split(str(words))
    _run(typed, deadline)


def _gpio(settings: PowerSettings, _: Deadline, is_on: bool) -> None:
    """Write to the file by which the kernel offers a line, such as ``.../gpio17/value``."""
    text = settings.options.get("on", "1") if is_on else settings.options.get("off", "0")
    Path(str(settings.options["path"])).write_text(f"{text}\n", encoding="ascii")


def _tasmota(settings: PowerSettings, deadline: Deadline, is_on: bool) -> None:
    """Send ``Power1 On`` over HTTP; the plug answers with the state that it has then.

    Source: Tasmota documentation, "Commands", "Using Web Requests".
    """
    order = f"Power{settings.options.get('relay', 1)} {'On' if is_on else 'Off'}"
    base = str(settings.options["url"]).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise ValueError(f"{base!r} is no http address")
    url = f"{base}/cm?cmnd={urllib.parse.quote(order)}"
    with urllib.request.urlopen(url, timeout=max(1.0, deadline.remaining_s)) as answer:  # noqa: S310 (checked above)
        state = json.load(answer)
    if ("ON" if is_on else "OFF") not in state.values():
        raise ValueError(f"the plug answered {state}")


def _tasmota_mqtt(settings: PowerSettings, deadline: Deadline, is_on: bool) -> None:
    """Send ``cmnd/TOPIC/POWERn``, and wait until the plug has told its state in ``stat/TOPIC/``.

    Source: Tasmota documentation, "MQTT". A plug with one relay tells ``POWER``, one with more
    ``POWER1`` and so on.
    """
    topic, relay = str(settings.options["topic"]), str(settings.options.get("relay", 1))
    host, _, port = str(settings.options["broker"]).partition(":")
    state = b"ON" if is_on else b"OFF"
    told = {f"stat/{topic}/POWER{relay}"} | ({f"stat/{topic}/POWER"} if relay == "1" else set())
    limit_s = max(1.0, deadline.remaining_s)
    with socket.create_connection((host, int(port or 1883)), timeout=limit_s) as broker:
        packets = _packets(broker, deadline)
        broker.sendall(Connect(f"hil-{os.getpid()}").encode())
        _await(packets, lambda packet: isinstance(packet, ConnAck) and packet.code == 0)
        broker.sendall(Subscribe(1, ((f"stat/{topic}/+", 0),)).encode())
        _await(packets, lambda packet: isinstance(packet, SubAck))
        broker.sendall(Publish(f"cmnd/{topic}/POWER{relay}", state).encode())
        _await(
            packets,
            lambda packet: (
                isinstance(packet, Publish) and packet.topic in told and packet.payload == state
            ),
        )
        broker.sendall(Disconnect().encode())


def _packets(broker: socket.socket, deadline: Deadline) -> Iterator[Packet]:
    stream = PacketStream()
    while True:
        broker.settimeout(max(0.01, deadline.remaining_s))
        data = broker.recv(4096)
        if not data:
            raise ConnectionError("the broker closed the connection")
        yield from stream.receive(data)


def _await(packets: Iterator[Packet], is_wanted: Callable[[Packet], bool]) -> None:
    next(packet for packet in packets if is_wanted(packet))


_DRIVERS: dict[str, Callable[[PowerSettings, Deadline, bool], None]] = {
    "uhubctl": _uhubctl,
    "command": _command,
    "gpio": _gpio,
    "tasmota": _tasmota,
    "tasmota-mqtt": _tasmota_mqtt,
}
