"""From a board specification to a `Rig`: the only place that knows which board is virtual."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.deadline import Deadline
from harness.errors import ConfigError, LinkOpenFailed
from harness.link.rig import Rig
from harness.link.serial import SerialPort, SerialSettings, advice_for_ports, find_ports
from harness.link.spec import BoardSpec
from harness.link.tap import Listener, Tap
from harness.link.virtual import VirtualControl, VirtualSettings, find_control, start_virtual

#: ESP32 auto-reset circuits need some tens of milliseconds; esptool holds EN for 100.
RESET_HOLD_S = 0.1


@dataclass(frozen=True)
class OpenSettings:
    """What opening a board depends on beside its specification.

    Attributes:
        serial: Speed and control lines of real ports.
        virtual: Settings of virtual boards.
        has_reset_line: Whether the profile permits to reset by DTR/RTS.
    """

    serial: SerialSettings = field(default_factory=SerialSettings)
    virtual: VirtualSettings = field(default_factory=VirtualSettings)
    has_reset_line: bool = False


class OpenRig:
    """A rig that is in use, and how to give all of it back."""

    def __init__(self, rig: Rig, tap: Tap, resources: contextlib.ExitStack) -> None:
        """Take over `resources`, which `close` closes."""
        self.rig = rig
        self.tap = tap
        self._resources = resources

    def close(self) -> None:
        """Give port, control channel and a virtual board's processes back. May be called twice."""
        self._resources.close()


class _ResetLine:
    """`Lines` of a real port."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap

    def hard_reset(self, deadline: Deadline) -> None:
        self._tap.pulse_reset(deadline.at_most(RESET_HOLD_S))


def open_rig(
    spec: BoardSpec, settings: OpenSettings, deadline: Deadline, listener: Listener | None = None
) -> OpenRig:
    """Open the board that a specification names.

    Args:
        spec: Which board.
        settings: How.
        deadline: By when it must be open; a virtual board is started by then.
        listener: Is told of all bytes on the line from the first on.

    Raises:
        LinkOpenFailed: The port is absent, busy or may not be opened.
        InterpreterUnsuitable: A virtual board was asked for and cannot be had.
    """
    with contextlib.ExitStack() as resources:
        if spec.kind == "virtual":
            process = start_virtual(replace(settings.virtual, name=spec.name), deadline)
            resources.callback(process.close)
            address = process.port
        else:
            address = find_address(spec)
        control_path = find_control(address) if spec.kind in ("virtual", "port") else None
        control = None
        if control_path is not None:
            control = VirtualControl(control_path)
            resources.callback(control.close)
        find = _finder(spec, address, control)
        tap = Tap(lambda: SerialPort(find(), settings.serial), listener)
        resources.callback(tap.close)
        rig = Rig(link=tap, kind="hardware", port=f"port:{address}", reopen=tap.reopen)
        if control is not None:
            rig = replace(
                rig,
                kind="virtual",
                lines=control.lines,
                power=control.power,
                bench=control.bench,
                inputs=control.inputs,
                network=control.network,
                time_scale=control.time_scale,
            )
        elif settings.has_reset_line:
            rig = replace(rig, lines=_ResetLine(tap))
        return OpenRig(rig, tap, resources.pop_all())


def _finder(
    spec: BoardSpec, address: str, control: VirtualControl | None = None
) -> Callable[[], str]:
    """Return what finds the board's port, also after it came back under another name."""
    if control is not None:
        return lambda: control.find_port(address)
    if spec.is_made or "://" in address:
        return lambda: address
    location = location_of(address)
    if not location:
        return lambda: address

    def find() -> str:
        return find_address(BoardSpec("usb", location, spec.text))

    return find


def location_of(path: str) -> str:
    """Return the place of a port in the USB tree; empty when it is not on USB."""
    real = os.path.realpath(path)
    return next((each.location for each in find_ports() if os.path.realpath(each.path) == real), "")


def lease_key(spec: BoardSpec) -> str | None:
    """Return what the board's place is known by on this machine, however it was named.

    Args:
        spec: Which board.

    Returns:
        The place on USB where there is one, which stays when the port gets another name; else the
        port's path or address; None for a board that is made for whoever asks.

    Raises:
        LinkOpenFailed: No port on USB matches.
        ConfigError: More than one does.
    """
    if spec.is_made:
        return None
    address = find_address(spec)
    if "://" in address:
        return address
    location = location_of(address)
    return f"usb-{location}" if location else os.path.realpath(address)


def find_address(spec: BoardSpec) -> str:
    """Return the path or address of the port that a specification names, without opening it.

    Raises:
        LinkOpenFailed: No port on USB matches.
        ConfigError: More than one does.
    """
    if spec.kind in ("port", "url"):
        return spec.value
    attribute = {"usb": "location", "id": "serial_number"}[spec.kind]
    found = [port for port in find_ports() if getattr(port, attribute) == spec.value]
    if len(found) > 1:
        raise ConfigError(
            f"{len(found)} ports carry the same {attribute.replace('_', ' ')}",
            on=f"board {spec.text!r}",
            expected="one",
            got=", ".join(f"{port.path} at {port.location}" for port in found),
            advice=f"--board usb:{found[0].location}",
        )
    if not found:
        raise LinkOpenFailed(
            "no port on USB matches",
            reason="absent",
            on=spec.text,
            advice=advice_for_ports(),
        )
    return found[0].path
