"""Serial ports, and TCP ports that carry a serial line. The one file that imports pyserial.

Any path will do, a pseudo-terminal too; ``rfc2217://host:port`` and ``socket://host:port`` are
pyserial's own address forms.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from harness.deadline import Deadline
from harness.errors import LinkLost, LinkOpenFailed, LinkTimeout

#: How long one blocking read of the tap's thread lasts where it cannot be cancelled (TCP).
READ_SLICE_S = 0.2

#: What one read takes at most where pyserial cannot tell how much has come.
READ_BYTES = 1 << 16


@dataclass(frozen=True)
class SerialSettings:
    """How to open a serial port.

    Attributes:
        baud: Bits a second.
        dtr: Level of DTR from before the port is opened, so that opening does not reset a board
            whose reset hangs on it; None leaves it to the system.
        rts: The same for RTS.
    """

    baud: int = 115200
    dtr: bool | None = False
    rts: bool | None = False


@dataclass(frozen=True)
class FoundPort:
    """A serial port of this machine.

    Attributes:
        path: Device path.
        location: USB topology such as ``1-1.2``; empty when it is not on USB.
        serial_number: The USB serial number; empty when there is none.
        vid_pid: ``1a86:7523``, a hint only; empty when it is not on USB.
        description: What the system calls it.
    """

    path: str
    location: str
    serial_number: str
    vid_pid: str
    description: str


def find_ports() -> list[FoundPort]:
    """Return the serial ports of this machine, in order of path."""
    return sorted(
        (
            FoundPort(
                path=port.device,
                location=port.location or "",
                serial_number=port.serial_number or "",
                vid_pid=f"{port.vid:04x}:{port.pid:04x}" if port.vid is not None else "",
                description=port.description or "",
            )
            for port in list_ports.comports()
        ),
        key=lambda port: port.path,
    )


class SerialPort:
    """An open serial port, for one reader thread (`Tap`) and one writer."""

    def __init__(self, address: str, settings: SerialSettings) -> None:
        """Open it.

        Args:
            address: Path, or ``rfc2217://`` or ``socket://`` address.
            settings: Speed and control lines.

        Raises:
            LinkOpenFailed: It is absent, busy, or may not be opened; the reason says which.
        """
        self._name = address
        self._is_path = "://" not in address
        if self._is_path:
            check_path(address)
        try:
            port = serial.serial_for_url(address, do_not_open=True)
            port.baudrate = settings.baud
            port.timeout = None if self._is_path else READ_SLICE_S
            if self._is_path:
                # flock on the port: a second harness or mpremote is refused, not mixed in.
                port.exclusive = True
            if settings.dtr is not None:
                port.dtr = settings.dtr
            if settings.rts is not None:
                port.rts = settings.rts
            port.open()
        except (serial.SerialException, OSError, ValueError) as error:
            raise _open_failed(address, error) from error
        self._port = port
        # pyserial's RFC 2217 client has no time-out for writing but its network's, which is 5 s.
        self._has_write_timeout = not address.startswith("rfc2217://")
        # `in_waiting` of a socket is 1 however much has come: 400 KB took 200,000 reads.
        self._counts_waiting = not address.startswith("socket://")

    @property
    def name(self) -> str:
        """The address that was opened."""
        return self._name

    def read_some(self) -> bytes:
        """Return what is there, waiting for it; see `tap.Port`."""
        with self._lost_if_it_fails("reading from the port failed"):
            data: bytes = self._port.read(1)
            waiting = self._port.in_waiting if data else 0
            if waiting and not self._counts_waiting:
                # At its end it gives nothing, which pyserial's next read raises for.
                return data + os.read(self._port.fileno(), READ_BYTES)
            return data + self._port.read(waiting) if waiting else data

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send all of `data`; see `Link.write`."""
        try:
            with self._lost_if_it_fails("writing to the port failed"):
                if self._has_write_timeout:
                    self._port.write_timeout = max(0.001, deadline.remaining_s)
                self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise LinkTimeout(
                f"the port did not take {len(data)} bytes within {deadline.total_s:g} s",
                on=self._name,
                expected="the board to read its input",
                advice="a hung board stops reading: reset it",
            ) from error

    def pulse_reset(self, hold: Deadline) -> None:
        """Pull RTS, which drives EN on the usual ESP32 circuit, until `hold` and let it go.

        Unverified on a Codey: see the board's profile.
        """
        with self._lost_if_it_fails("driving the control lines failed"):
            self._port.dtr = False
            self._port.rts = True
            _pause(hold)
            self._port.rts = False

    def cancel(self) -> None:
        """End a `read_some` in another thread; over TCP it ends by itself within 0.2 s."""
        if self._is_path and self._port.is_open:
            self._port.cancel_read()

    def close(self) -> None:
        """Give the port back."""
        # A port that has vanished cannot be closed in order; there is nothing left to give back.
        with contextlib.suppress(OSError, termios.error, serial.SerialException):
            self._port.close()

    @contextlib.contextmanager
    def _lost_if_it_fails(self, tried: str) -> Iterator[None]:
        try:
            yield
        except serial.SerialTimeoutException:
            raise
        except (serial.SerialException, OSError, termios.error, TypeError) as error:
            # TypeError: pyserial's own when another thread closed the port under a read.
            raise LinkLost(
                tried,
                on=self._name,
                expected="the port to stay while it is in use",
                got=str(error),
                advice="check cable and power; `hil boards` lists the ports that exist",
            ) from error


def _pause(until: Deadline) -> None:
    import threading

    threading.Event().wait(until.remaining_s)


def check_path(path: str) -> None:
    """Refuse what cannot be a serial port, without opening it: that could reset a board.

    Raises:
        LinkOpenFailed: It is absent, no port, or may not be opened.
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        raise _open_failed(path, error) from error
    if not os.access(path, os.R_OK | os.W_OK):
        raise _open_failed(path, PermissionError(errno.EACCES, "Permission denied"))
    if not stat.S_ISCHR(mode):
        raise LinkOpenFailed(
            "this is no serial port",
            reason="other",
            on=path,
            expected="a character device",
            got="a directory" if stat.S_ISDIR(mode) else "a file of another kind",
            advice=advice_for_ports(),
        )


def _open_failed(address: str, error: Exception) -> LinkOpenFailed:
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "No such file" in text:
        reason, said = "absent", "there is no such port"
    elif number == errno.EACCES or "Permission denied" in text:
        reason, said = "permission", "no permission to open the port"
    elif number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        reason, said = "busy", "another program holds the port"
    elif "waiting for option 'control'" in text:
        # Any server before a pseudo-terminal, and some before ports without these lines.
        reason, said = "control", "the server does not answer for the control lines of its port"
    elif "://" in address:
        reason, said = "refused", f"nothing answers there ({_last_cause(error)})"
    elif _is_no_terminal(error):
        reason, said = "other", "this is no serial port"
    else:
        reason, said = "other", f"the port cannot be opened ({text})"
    advice = {
        "permission": "sudo usermod -aG dialout $USER, then log in again",
        "busy": f"fuser -v {address}",
        "control": f"--board {address}{'&' if '?' in address else '?'}ign_set_control",
        "refused": "is that host up and its serial server running? hil boards lists the ports here",
    }.get(reason, advice_for_ports())
    return LinkOpenFailed(said, reason=reason, on=address, advice=advice)


def _is_no_terminal(error: BaseException) -> bool:
    """Return whether it is a device such as /dev/null; pyserial raises on top of what says so."""
    cause = error.__context__
    return isinstance(cause, termios.error) and cause.args[0] == errno.ENOTTY


def _last_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return quote_text(str(error))


def quote_text(text: str, limit: int = 120) -> str:
    """Return `text` on one line and at most `limit` characters long."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def advice_for_ports() -> str:
    """Say which ports exist and which command comes next; never one that could destroy anything."""
    ports = [port.path for port in find_ports()]
    if ports:
        return f"one of {', '.join(ports)}; hil boards tells more"
    return "no serial port exists here: plug the board in, or use --board virtual"


__all__ = [
    "FoundPort",
    "SerialPort",
    "SerialSettings",
    "advice_for_ports",
    "check_path",
    "find_ports",
]
