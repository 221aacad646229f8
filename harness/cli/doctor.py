"""Check this machine and say what to do about it.

Each line is one finding; a bad one ends with the next command to type. Ends with 10 when something
that every run needs is missing. Without --board nothing is changed and no port is opened. With it
that board is asked, its power switch is proven by cutting its supply, the device code is pushed,
and it has to reach a broker; --bench walks a person through its peripherals too.

    hil doctor
    hil doctor --board c1 --broker-interface eth0
    hil doctor --board c1 --bench
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from harness.cli.finding import Finding
from harness.cli.target import (
    add_board_argument,
    add_device_src_argument,
    add_json_argument,
    interpreter_name,
    inventory_of,
    print_json,
)
from harness.errors import ConfigError, HarnessError

#: A run of the shipped scenarios leaves about 10 MB.
ENOUGH_DISK_BYTES = 200 * 1024 * 1024

BLOCKED = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_board_argument(parser)
    parser.set_defaults(board="")
    add_device_src_argument(parser)
    parser.add_argument(
        "--broker-interface",
        "--hil-broker-interface",
        metavar="NAME",
        default=os.environ.get("HIL_BROKER_INTERFACE", ""),
        help="network interface on which the board reaches this machine",
    )
    parser.add_argument(
        "--bench",
        action="store_true",
        help="ask about each peripheral of the board and remember the answers",
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.cli.doctor_board import examine

    if args.bench and not args.board:
        raise ConfigError("--bench needs a board", advice="hil doctor --board NAME --bench")
    findings = [
        _python(),
        _interpreter(),
        *_broker(),
        _disk(),
        _clock(),
        _mpremote(),
        _esptool(),
        *_ports(),
        *_inventory(args),
        _wifi(),
        *(examine(args) if args.board else ()),
    ]
    bad = any(finding.state == "bad" for finding in findings)
    if args.json:
        print_json({"ok": not bad, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            advice = f"\n{'':18}next: {finding.advice}" if finding.advice else ""
            print(f"{finding.state:<5} {finding.what:<11} {finding.detail}{advice}")
    return BLOCKED if bad else 0


def _python() -> Finding:
    return Finding("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")


def _interpreter() -> Finding:
    try:
        name = interpreter_name()
    except HarnessError as error:
        return Finding("micropython", "note", error.one_line(), "--board port:PATH works without")
    return Finding("micropython", "ok", f"{name}, for virtual boards")


def _broker() -> list[Finding]:
    from harness.broker.mosquitto import Mosquitto
    from harness.broker.program import find_mosquitto
    from harness.deadline import Deadline

    try:
        program = find_mosquitto(os.environ.get("HIL_MOSQUITTO"))
        broker = Mosquitto(program)
        try:
            broker.start(Deadline.after(10.0))
            detail = f"{broker.version} at {program}; a message went through it"
        finally:
            broker.close()
    except HarnessError as error:
        return [Finding("mosquitto", "bad", error.one_line(), error.advice)]
    return [Finding("mosquitto", "ok", detail)]


def _disk() -> Finding:
    folder = Path("reports") if Path("reports").is_dir() else Path()
    free = shutil.disk_usage(folder).free
    detail = f"{free // 2**20} MiB free at {folder.absolute()}"
    if free < ENOUGH_DISK_BYTES:
        return Finding("disk", "bad", detail, "remove old folders below reports/")
    if not os.access(folder, os.W_OK):
        return Finding("disk", "bad", f"{folder.absolute()} cannot be written", "--hil-report-dir")
    return Finding("disk", "ok", detail)


def _mpremote() -> Finding:
    from importlib import metadata

    try:
        return Finding("mpremote", "ok", metadata.version("mpremote"))
    except metadata.PackageNotFoundError:
        return Finding("mpremote", "note", "absent: hil repl does not work", "pip install mpremote")


def _esptool() -> Finding:
    from harness.lab.flash import find_esptool

    try:
        words = find_esptool(os.environ.get("HIL_ESPTOOL", ""))
    except HarnessError as error:
        return Finding("esptool", "note", "absent: hil flash does not work", error.advice)
    return Finding("esptool", "ok", " ".join(words))


def _clock() -> Finding:
    """Say whether the time of day can be right: reports and certificates carry it."""
    now_s = time.time()
    if now_s < Path(__file__).stat().st_mtime:
        return Finding(
            "clock", "bad", f"it is {_day(now_s)} here, before this program was installed", "date"
        )
    timedatectl = shutil.which("timedatectl")
    asked = [timedatectl or "", "show", "--property=NTPSynchronized", "--value"]
    said = ""
    if timedatectl is not None:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
        said = done.stdout.strip()
    if said == "no":
        return Finding(
            "clock", "note", f"{_day(now_s)}, not synchronised", "sudo timedatectl set-ntp true"
        )
    return Finding("clock", "ok", _day(now_s) + (", synchronised" if said == "yes" else ""))


def _day(now_s: float) -> str:
    return datetime.fromtimestamp(now_s, timezone.utc).isoformat(timespec="seconds")


def _ports() -> list[Finding]:
    from harness.lab.discovery import describe_ports
    from harness.link.holder import find_holders
    from harness.link.serial import check_path, find_ports

    findings = []
    for row in describe_ports(find_ports()):
        path = row.port.path
        try:
            check_path(path)
        except HarnessError as error:
            findings.append(Finding("port", "note", error.one_line(), error.advice))
            continue
        said = f"{path} {row.port.description}"
        holders = ", ".join(map(str, find_holders(path)))
        if holders:
            findings.append(
                Finding("port", "note", f"{said}: held by {holders}", f"fuser -v {path}")
            )
        elif row.warning:
            findings.append(
                Finding("port", "note", f"{said}: {row.warning}", f"--board {row.spec}")
            )
        else:
            findings.append(Finding("port", "ok", said, f"--board {row.spec}"))
    return findings or [Finding("port", "note", "no serial port: virtual boards only")]


def _inventory(args: argparse.Namespace) -> list[Finding]:
    """Say what is known of the lab's boards without asking them."""
    from harness.cli.boards import rows_of

    try:
        inventory = inventory_of(args)
        rows = rows_of(inventory)
    except HarnessError as error:
        return [Finding("inventory", "bad", f"{error.tried}: {error.got}", error.advice)]
    if inventory.path is None:
        return [Finding("inventory", "note", "no boards.toml here or above", "hil boards add PORT")]
    advice = {"aside": "hil boards readmit {}", "absent": "hil boards list", "busy": ""}
    findings = [Finding("inventory", "ok", f"{inventory.path}: {len(rows)} boards")]
    for row in rows:
        if row["state"] in advice:
            said = f"{row['name']} is {row['state']}: {row['detail']}"
            findings.append(Finding("lab", "note", said, advice[row["state"]].format(row["name"])))
    hubs = any(dut.power and dut.power.driver == "uhubctl" for dut in inventory.duts.values())
    if hubs and shutil.which("uhubctl") is None:
        findings.append(
            Finding("uhubctl", "bad", "absent, and boards need it", "sudo apt-get install uhubctl")
        )
    return findings


def _wifi() -> Finding:
    if os.environ.get("HIL_WIFI_SSID"):
        has_password = "with" if os.environ.get("HIL_WIFI_PASSWORD") else "without"
        return Finding(
            "wifi", "ok", f"credentials for real boards are set, {has_password} password"
        )
    return Finding(
        "wifi",
        "note",
        "no credentials for real boards (virtual ones need none)",
        "export HIL_WIFI_SSID=... HIL_WIFI_PASSWORD=...",
    )
