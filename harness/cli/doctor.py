"""Check this machine and say what to do about it.

Each line is one finding; a bad one ends with the next command to type. Ends with 10 when something
that every run needs is missing. Nothing is changed and no port is opened.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.cli.target import add_json_argument, interpreter_name, print_json
from harness.errors import HarnessError

#: A run of the shipped scenarios leaves about 10 MB.
ENOUGH_DISK_BYTES = 200 * 1024 * 1024

BLOCKED = 10


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: What it is.
        state: ``ok``, ``bad`` (every run needs it) or ``note``.
        detail: What was found.
        advice: The next command to type; empty when nothing has to be done.
    """

    what: str
    state: str
    detail: str
    advice: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    findings = [
        _python(),
        _interpreter(),
        *_broker(),
        _disk(),
        _mpremote(),
        *_ports(),
        _wifi(),
    ]
    bad = any(finding.state == "bad" for finding in findings)
    if args.json:
        print_json({"ok": not bad, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            advice = f"\n{'':18}next: {finding.advice}" if finding.advice else ""
            print(f"{finding.state:<5} {finding.what:<12}{finding.detail}{advice}")
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


def _ports() -> list[Finding]:
    from harness.link.serial import check_path, find_ports

    findings = []
    for port in find_ports():
        try:
            check_path(port.path)
        except HarnessError as error:
            findings.append(Finding("port", "note", error.one_line(), error.advice))
        else:
            findings.append(
                Finding(
                    "port", "ok", f"{port.path} {port.description}", f"--board port:{port.path}"
                )
            )
    return findings or [Finding("port", "note", "no serial port: virtual boards only")]


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
