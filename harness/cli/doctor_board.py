"""`hil doctor --board NAME`: one board, its power switch, and its way to the broker."""

from __future__ import annotations

import argparse
import contextlib
import os
import time

from harness.cli.finding import Finding
from harness.cli.target import admission_of, manifest_of, one_dut
from harness.errors import DeviceException, HarnessError, LinkError, LinkTimeout
from harness.lab.opened import OpenedBoard

#: A board that still answers so long after its supply was cut is not on that switch.
GONE_S = 1.5
BACK_S = 20.0
#: Association, address, and one TCP connection.
REACH_S = 40.0

#: Sent without being logged: the password of the lab's Wi-Fi is in it.
_REACH = """
import network, socket, time
w = network.WLAN(network.STA_IF)
w.active(True)
if not w.isconnected():
    w.connect({ssid!r}, {password!r})
t = time.ticks_ms()
while not w.isconnected() and time.ticks_diff(time.ticks_ms(), t) < 20000:
    time.sleep_ms(50)
if not w.isconnected():
    print("no Wi-Fi")
else:
    s = socket.socket()
    try:
        s.settimeout(10)
        s.connect(socket.getaddrinfo({host!r}, {port})[0][-1])
        print("reached")
    finally:
        s.close()
"""


def examine(args: argparse.Namespace) -> list[Finding]:
    """Look at the board that ``--board`` names."""
    from harness.cli.doctor_bench import walk

    dut = one_dut(args)
    admission = admission_of(args)
    try:
        opened = admission.open(dut)
    except HarnessError as error:
        return [Finding("board", "bad", error.one_line(), error.advice)]
    with contextlib.closing(opened):
        identity = opened.identity
        findings = [
            Finding("board", "ok", f"{dut.name}: {identity.firmware}, id {identity.id or 'none'}")
        ]
        if opened.board.rig.lines is None:
            findings.append(Finding("reset line", "note", "none that may be used: soft reset only"))
        findings.append(_power(opened))
        try:
            opened.deploy(manifest_of(args))
            findings.append(_broker(opened, args.broker_interface))
            if args.bench:
                findings += walk(opened, dut, admission)
        except HarnessError as error:
            findings.append(Finding("board", "bad", error.one_line(), error.advice))
    return findings


def _power(opened: OpenedBoard) -> Finding:
    """Prove a power switch by the board's disappearance: an exit code proves nothing."""
    from harness.deadline import Deadline

    board = opened.board
    power = board.rig.power
    if power is None:
        return Finding(
            "power", "note", "no switch: a board that hangs has to be unplugged by a person"
        )
    started_s = time.monotonic()
    try:
        power.off(Deadline.after(BACK_S))
        try:
            board.repl.enter(Deadline.after(GONE_S))
            is_gone = False
        except LinkError:
            is_gone = True
        power.on(Deadline.after(BACK_S + power.off_s))
        if board.rig.reopen is not None:
            board.rig.reopen(Deadline.after(BACK_S))
        board.require_identity(opened.identity, Deadline.after(BACK_S))
    except HarnessError as error:
        return Finding("power", "bad", error.one_line(), error.advice)
    if not is_gone:
        return Finding(
            "power",
            "bad",
            "the board answered while its supply was switched off",
            "the switch belongs to another board, or does not cut: look at hub and hub_port",
        )
    seconds = time.monotonic() - started_s
    return Finding("power", "ok", f"the board went away and came back in {seconds:.1f} s")


def _broker(opened: OpenedBoard, interface: str) -> Finding:
    """Have the board itself connect to a broker on this host."""
    from harness.broker.mosquitto import Mosquitto
    from harness.broker.program import find_mosquitto
    from harness.deadline import Deadline
    from harness.scenario.network import broker_settings

    name = os.environ.get("HIL_WIFI_SSID")
    lab = (name, os.environ.get("HIL_WIFI_PASSWORD", "")) if name else None
    network = opened.board.rig.network or lab
    if network is None:
        return Finding(
            "reach",
            "note",
            "no Wi-Fi credentials: whether the board reaches the broker is not known",
            "export HIL_WIFI_SSID=... HIL_WIFI_PASSWORD=...",
        )
    try:
        settings = broker_settings(opened.board, interface)
        broker = Mosquitto(find_mosquitto(os.environ.get("HIL_MOSQUITTO")), settings)
        with contextlib.closing(broker):
            broker.start(Deadline.after(10.0))
            at = broker.address
            code = _REACH.format(ssid=network[0], password=network[1], host=at.host, port=at.port)
            said = opened.board.repl.exec(code, Deadline.after(REACH_S), quiet=True).strip()
    except DeviceException as error:
        return Finding(
            "reach",
            "bad",
            f"the board has Wi-Fi and does not reach the broker: {error.got}",
            "is a firewall in the way? does the access point keep its clients apart?",
        )
    except LinkTimeout as error:
        return Finding("reach", "bad", error.tried, error.advice)
    except HarnessError as error:
        return Finding("reach", "bad", error.one_line(), error.advice)
    if said != b"reached":
        return Finding(
            "reach",
            "bad",
            f"the board does not get into the Wi-Fi {network[0]!r}",
            "is the name right, the password, and the band 2.4 GHz?",
        )
    return Finding("reach", "ok", f"the board reaches a broker at {at.host}:{at.port} over Wi-Fi")
