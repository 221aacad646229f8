"""A serial port in the network: a real ser2net in front of a board's port."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.broker.port import PortReservation

LIMIT_S = 20.0

#: How often the program is asked whether it has begun; it does not say so.
LOOK_S = 0.01

LOOPBACK = "127.0.0.1"

#: The last one begins when the others have, and opens no port.
CONFIGURATION = """\
%YAML 1.1
---
connection: &rfc2217
  accepter: telnet(rfc2217),tcp,{host},{rfc2217}
  connector: serialdev,{path},115200n81,local
connection: &socket
  accepter: tcp,{host},{socket}
  connector: serialdev,{path},115200n81,local
connection: &ready
  accepter: tcp,{host},{ready}
  connector: echo
"""


@dataclass(frozen=True)
class NetworkPort:
    """Where a port is to be had.

    Attributes:
        rfc2217: Address with control of speed and lines.
        socket: Address of the bytes alone.
    """

    rfc2217: str
    socket: str


def find_ser2net() -> str:
    """Return the program, or skip the test."""
    program = os.environ.get("HIL_SER2NET") or shutil.which("ser2net")
    if not program:
        pytest.skip("missing tool: ser2net")
    return program


@contextlib.contextmanager
def served(path: str, folder: Path) -> Iterator[NetworkPort]:
    """Serve a serial port with ser2net.

    Args:
        path: Of the port; opened when somebody connects, for one at a time.
        folder: Where to write the configuration.
    """
    program = find_ser2net()
    names = ("rfc2217", "socket", "ready")
    with contextlib.ExitStack() as reserved:
        # Reserved until it has read where to listen, so that no other test is given the same ones.
        ports = {}
        for name in names:
            reservation = PortReservation(LOOPBACK, 0)
            reserved.callback(reservation.close)
            ports[name] = reservation.port
        file = folder / "ser2net.yaml"
        file.write_text(CONFIGURATION.format(path=path, host=LOOPBACK, **ports), "utf-8")
        log = reserved.enter_context((folder / "ser2net.log").open("wb"))
        command = [program, "-n", "-u", "-c", str(file)]
        with subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                _wait_until_ready(ports["ready"], process)
                yield NetworkPort(
                    f"rfc2217://{LOOPBACK}:{ports['rfc2217']}?ign_set_control",
                    f"socket://{LOOPBACK}:{ports['socket']}",
                )
            finally:
                # It has nothing to give back, and takes its time at a SIGTERM.
                process.kill()
                process.wait(LIMIT_S)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + LIMIT_S
    while True:
        assert process.poll() is None, "ser2net has ended"
        try:
            socket.create_connection((LOOPBACK, port), timeout=LIMIT_S).close()
        except ConnectionRefusedError:
            assert time.monotonic() < until_s, "ser2net does not listen"
            time.sleep(LOOK_S)
        else:
            return
